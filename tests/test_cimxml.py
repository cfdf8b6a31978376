# SPDX-License-Identifier: LGPL-2.1-or-later
"""CIM-XML: what is written is read back, is valid by DSP0203, and is pywbem's, both ways."""

from __future__ import annotations

import io
import warnings
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import pywbem
from codecs_data import (
    CLASS_MOF,
    DECLARED,
    NAMESPACE,
    NO_RETURNS,
    QUALIFIER_MOF,
    QUALIFIERS,
    XML,
    classes,
    compiled,
    instances,
    level_flavors,
    leveled,
    paths,
    pywbem_instance,
    pywbem_path,
    readable_by_pywbem,
)
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from pywbem._tupleparse import TupleParser
from pywbem._tupletree import xml_to_tupletree_sax

from libvirt_cim import cim, tree
from libvirt_cim.adapter import cimxml
from libvirt_cim.cim import Class, Error, Instance, Path, Property, QualifierType, Status

ENCODER = cimxml.Encoder(classes, QUALIFIERS, host="here.example.com")
# What of DSP0203 2.4 is used here.
VALUES = "VALUE | VALUE.ARRAY | VALUE.REFERENCE | VALUE.REFARRAY"
NAME = "NAME CDATA #REQUIRED"
TYPE = "TYPE (boolean|string|char16|uint8|sint8|uint16|sint16|uint32|sint32|uint64|sint64|datetime"
FLAVOR = """OVERRIDABLE (true|false) 'true' TOSUBCLASS (true|false) 'true'
    TOINSTANCE (true|false) 'false' TRANSLATABLE (true|false) 'false'"""
FEATURE = f"""{NAME} CLASSORIGIN CDATA #IMPLIED PROPAGATED (true|false) 'false'"""
EMBEDDED = "EmbeddedObject (object|instance) #IMPLIED"
TYPED = f"{TYPE}|real32|real64) #REQUIRED"
DTD = f"""
<!ELEMENT CIM (DECLARATION)>
<!ATTLIST CIM CIMVERSION CDATA #REQUIRED DTDVERSION CDATA #REQUIRED>
<!ELEMENT DECLARATION (DECLGROUP | DECLGROUP.WITHNAME | DECLGROUP.WITHPATH)+>
<!ELEMENT DECLGROUP ((LOCALNAMESPACEPATH | NAMESPACEPATH)?, QUALIFIER.DECLARATION*, VALUE.OBJECT*)>
<!ELEMENT DECLGROUP.WITHNAME
    ((LOCALNAMESPACEPATH | NAMESPACEPATH)?, QUALIFIER.DECLARATION*, VALUE.NAMEDOBJECT*)>
<!ELEMENT DECLGROUP.WITHPATH (VALUE.OBJECTWITHPATH | VALUE.OBJECTWITHLOCALPATH)*>
<!ELEMENT QUALIFIER.DECLARATION (SCOPE?, (VALUE | VALUE.ARRAY)?)>
<!ATTLIST QUALIFIER.DECLARATION {NAME} {TYPED} ISARRAY (true|false) #IMPLIED
    ARRAYSIZE CDATA #IMPLIED {FLAVOR}>
<!ELEMENT SCOPE EMPTY>
<!ATTLIST SCOPE CLASS (true|false) 'false' ASSOCIATION (true|false) 'false'
    REFERENCE (true|false) 'false' PROPERTY (true|false) 'false' METHOD (true|false) 'false'
    PARAMETER (true|false) 'false' INDICATION (true|false) 'false'>
<!ELEMENT VALUE (#PCDATA)>
<!ELEMENT VALUE.ARRAY (VALUE | VALUE.NULL)*>
<!ELEMENT VALUE.REFERENCE (CLASSPATH | LOCALCLASSPATH | CLASSNAME | INSTANCEPATH |
    LOCALINSTANCEPATH | INSTANCENAME)>
<!ELEMENT VALUE.REFARRAY (VALUE.REFERENCE | VALUE.NULL)*>
<!ELEMENT VALUE.OBJECT (CLASS | INSTANCE)>
<!ELEMENT VALUE.NAMEDINSTANCE (INSTANCENAME, INSTANCE)>
<!ELEMENT VALUE.NAMEDOBJECT (CLASS | (INSTANCENAME, INSTANCE))>
<!ELEMENT VALUE.OBJECTWITHPATH ((CLASSPATH, CLASS) | (INSTANCEPATH, INSTANCE))>
<!ELEMENT VALUE.OBJECTWITHLOCALPATH ((LOCALCLASSPATH, CLASS) | (LOCALINSTANCEPATH, INSTANCE))>
<!ELEMENT VALUE.INSTANCEWITHPATH (INSTANCEPATH, INSTANCE)>
<!ELEMENT VALUE.NULL EMPTY>
<!ELEMENT NAMESPACEPATH (HOST, LOCALNAMESPACEPATH)>
<!ELEMENT LOCALNAMESPACEPATH (NAMESPACE+)>
<!ELEMENT HOST (#PCDATA)>
<!ELEMENT NAMESPACE EMPTY>
<!ATTLIST NAMESPACE {NAME}>
<!ELEMENT CLASSPATH (NAMESPACEPATH, CLASSNAME)>
<!ELEMENT LOCALCLASSPATH (LOCALNAMESPACEPATH, CLASSNAME)>
<!ELEMENT CLASSNAME EMPTY>
<!ATTLIST CLASSNAME {NAME}>
<!ELEMENT INSTANCEPATH (NAMESPACEPATH, INSTANCENAME)>
<!ELEMENT LOCALINSTANCEPATH (LOCALNAMESPACEPATH, INSTANCENAME)>
<!ELEMENT INSTANCENAME (KEYBINDING* | KEYVALUE? | VALUE.REFERENCE?)>
<!ATTLIST INSTANCENAME CLASSNAME CDATA #REQUIRED>
<!ELEMENT OBJECTPATH (INSTANCEPATH | CLASSPATH)>
<!ELEMENT KEYBINDING (KEYVALUE | VALUE.REFERENCE)>
<!ATTLIST KEYBINDING {NAME}>
<!ELEMENT KEYVALUE (#PCDATA)>
<!ATTLIST KEYVALUE VALUETYPE (string|boolean|numeric) 'string' {TYPED}>
<!ELEMENT CLASS (QUALIFIER*, (PROPERTY | PROPERTY.ARRAY | PROPERTY.REFERENCE)*, METHOD*)>
<!ATTLIST CLASS {NAME} SUPERCLASS CDATA #IMPLIED>
<!ELEMENT INSTANCE (QUALIFIER*, (PROPERTY | PROPERTY.ARRAY | PROPERTY.REFERENCE)*)>
<!ATTLIST INSTANCE CLASSNAME CDATA #REQUIRED xml:lang NMTOKEN #IMPLIED>
<!ELEMENT QUALIFIER ((VALUE | VALUE.ARRAY)?)>
<!ATTLIST QUALIFIER {NAME} {TYPED} PROPAGATED (true|false) 'false' {FLAVOR}>
<!ELEMENT PROPERTY (QUALIFIER*, VALUE?)>
<!ATTLIST PROPERTY {FEATURE} {TYPED} {EMBEDDED}>
<!ELEMENT PROPERTY.ARRAY (QUALIFIER*, VALUE.ARRAY?)>
<!ATTLIST PROPERTY.ARRAY {FEATURE} {TYPED} ARRAYSIZE CDATA #IMPLIED {EMBEDDED}>
<!ELEMENT PROPERTY.REFERENCE (QUALIFIER*, VALUE.REFERENCE?)>
<!ATTLIST PROPERTY.REFERENCE {FEATURE} REFERENCECLASS CDATA #IMPLIED>
<!ELEMENT METHOD
    (QUALIFIER*, (PARAMETER | PARAMETER.REFERENCE | PARAMETER.ARRAY | PARAMETER.REFARRAY)*)>
<!ATTLIST METHOD {FEATURE} {TYPE}|real32|real64) #IMPLIED>
<!ELEMENT PARAMETER (QUALIFIER*)>
<!ATTLIST PARAMETER {NAME} {TYPED}>
<!ELEMENT PARAMETER.REFERENCE (QUALIFIER*)>
<!ATTLIST PARAMETER.REFERENCE {NAME} REFERENCECLASS CDATA #IMPLIED>
<!ELEMENT PARAMETER.ARRAY (QUALIFIER*)>
<!ATTLIST PARAMETER.ARRAY {NAME} {TYPED} ARRAYSIZE CDATA #IMPLIED>
<!ELEMENT PARAMETER.REFARRAY (QUALIFIER*)>
<!ATTLIST PARAMETER.REFARRAY {NAME} REFERENCECLASS CDATA #IMPLIED ARRAYSIZE CDATA #IMPLIED>
<!ELEMENT PARAMVALUE ({VALUES} | CLASSNAME | INSTANCENAME | CLASS | INSTANCE |
    VALUE.NAMEDINSTANCE)?>
<!ATTLIST PARAMVALUE {NAME} PARAMTYPE CDATA #IMPLIED {EMBEDDED}>
<!ELEMENT RETURNVALUE (VALUE | VALUE.REFERENCE)?>
<!ATTLIST RETURNVALUE PARAMTYPE CDATA #IMPLIED {EMBEDDED}>
"""
GRAMMAR = etree.DTD(io.StringIO(DTD))


def valid(text: str) -> str:
    """A text that DSP0203 accepts."""
    root = etree.fromstring(text.encode())
    assert GRAMMAR.validate(root), GRAMMAR.error_log
    return text


def parsed(text: str) -> Any:
    """What pywbem reads in an element; VALUE.OBJECTWITHPATH comes in a tuple there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = TupleParser().parse_any(xml_to_tupletree_sax(text, "test"))
    return found[2] if isinstance(found, tuple) else found


def one(text: str) -> Instance:
    (instance,) = cimxml.instances(text.encode(), "test")
    return instance


def located(instance: Instance, path: Path) -> Instance:
    return Instance(instance.class_name, instance.properties, path)


def whole(path: Path) -> Path:
    """A path with its namespace and host, as INSTANCEPATH has it."""
    return Path(path.class_name, path.keys, path.namespace or "interop",
                path.host or "here.example.com")


def same_path(one: Any, other: Any) -> bool:
    """Namespace and host too, which == overlooks where they are not known."""
    if one is None or other is None:
        return one is other
    return bool(one == other) and (one.namespace, one.host) == (other.namespace, other.host)


# instances


@given(st.lists(st.tuples(instances(XML), st.none() | paths(XML)), max_size=4))
def test_document(given: list[tuple[Instance, Any]]) -> None:
    written = [located(*each) for each in given]
    text = "".join(ENCODER.document(written))
    valid(text)
    read = cimxml.instances(text.encode(), "test")
    assert read == written
    assert all(same_path(a.path, b.path) for a, b in zip(read, written))


@given(instances(XML))
def test_instance_as_pywbem(instance: Instance) -> None:
    text = valid(ENCODER.instance(instance))
    assert one(text) == instance
    instance = readable_by_pywbem(instance)
    assert parsed(ENCODER.instance(instance)) == pywbem_instance(instance)


@given(instances(NO_RETURNS), paths(NO_RETURNS))
def test_what_pywbem_writes(instance: Instance, path: Path) -> None:
    """All but a carriage return, which it loses, and a real32, which it rounds to 11 digits."""
    instance.properties.pop("Small", None)
    assert one(pywbem_instance(instance).tocimxmlstr()) == instance
    for each in (path, whole(path)):
        instance.path = each
        read = one(pywbem_instance(instance).tocimxmlstr())
        assert read == instance and same_path(read.path, each)


@given(instances(XML, "Virt_Part"), paths(XML).map(whole))
def test_elements_with_paths(instance: Instance, path: Path) -> None:
    instance = located(instance, path)
    for text in (ENCODER.object_with_path(instance), ENCODER.instance_with_path(instance)):
        assert parsed(valid(text)) == pywbem_instance(instance)
        assert one(text) == instance and same_path(one(text).path, path)
    name = Path(path.class_name, path.keys)
    text = ENCODER.named_instance(instance)
    assert parsed(valid(text)) == pywbem_instance(located(instance, name))
    assert one(text) == instance and same_path(one(text).path, name)


@given(paths(XML), paths(XML))
def test_paths(path: Path, other: Path) -> None:
    decoder = cimxml.Decoder()
    link = Path("Virt_Link", {"Antecedent": path, "Dependent": other}, path.namespace, path.host)
    for each in (path, link):
        text = valid(ENCODER.reference(each))
        assert parsed(text) == pywbem_path(each)
        assert same_path(decoder.path(tree.parse(text)), each)
        text = valid(ENCODER.object_path(whole(each)))
        assert parsed(text) == pywbem_path(whole(each))
        assert same_path(decoder.path(tree.parse(text)), whole(each))


def test_a_text_as_it_is() -> None:
    part = Instance("virt_part", {"name": "a<b", "Number": 3})
    path = Path("Virt_Part", {"Name": 'x"y', "Number": 3}, "root/virt")
    instance = Instance("Virt_All", {
        "Text": "tab\tline\nreturn\r & <é>", "Truth": True, "Large": 1e22, "Numbers": [1, None],
        "Dates": [], "Part": part, "Link": path,
    })
    assert ENCODER.instance(instance) == (
        '<INSTANCE CLASSNAME="Virt_All">'
        '<PROPERTY NAME="Text" TYPE="string">'
        "<VALUE>tab&#9;line&#10;return&#13; &amp; &lt;é&gt;</VALUE></PROPERTY>"
        '<PROPERTY NAME="Truth" TYPE="boolean"><VALUE>TRUE</VALUE></PROPERTY>'
        '<PROPERTY NAME="Large" TYPE="real64"><VALUE>1.0e+22</VALUE></PROPERTY>'
        '<PROPERTY.ARRAY NAME="Numbers" TYPE="uint64" ARRAYSIZE="4"><VALUE.ARRAY><VALUE>1</VALUE>'
        "<VALUE.NULL/></VALUE.ARRAY></PROPERTY.ARRAY>"
        '<PROPERTY.ARRAY NAME="Dates" TYPE="datetime"><VALUE.ARRAY></VALUE.ARRAY></PROPERTY.ARRAY>'
        '<PROPERTY NAME="Part" TYPE="string" EmbeddedObject="instance"><VALUE>'
        '&lt;INSTANCE CLASSNAME="Virt_Part"&gt;&lt;PROPERTY NAME="Name" TYPE="string"&gt;'
        "&lt;VALUE&gt;a&amp;lt;b&lt;/VALUE&gt;&lt;/PROPERTY&gt;"
        '&lt;PROPERTY NAME="Number" TYPE="uint16"&gt;&lt;VALUE&gt;3&lt;/VALUE&gt;'
        "&lt;/PROPERTY&gt;&lt;/INSTANCE&gt;</VALUE></PROPERTY>"
        '<PROPERTY.REFERENCE NAME="Link" REFERENCECLASS="Virt_Part"><VALUE.REFERENCE>'
        '<LOCALINSTANCEPATH><LOCALNAMESPACEPATH><NAMESPACE NAME="root"/><NAMESPACE NAME="virt"/>'
        '</LOCALNAMESPACEPATH><INSTANCENAME CLASSNAME="Virt_Part"><KEYBINDING NAME="Name">'
        '<KEYVALUE VALUETYPE="string" TYPE="string">x"y</KEYVALUE></KEYBINDING>'
        '<KEYBINDING NAME="Number"><KEYVALUE VALUETYPE="numeric" TYPE="uint16">3</KEYVALUE>'
        "</KEYBINDING></INSTANCENAME></LOCALINSTANCEPATH></VALUE.REFERENCE></PROPERTY.REFERENCE>"
        "</INSTANCE>"
    )


def test_null_is_absent_or_empty() -> None:
    instance = Instance("Virt_Part", {"Name": None, "number": 3, "Inner": None})
    number = '<PROPERTY NAME="Number" TYPE="uint16"><VALUE>3</VALUE></PROPERTY>'
    head = '<INSTANCE CLASSNAME="Virt_Part">'
    for _ in range(2):
        assert ENCODER.instance(instance) == f"{head}{number}</INSTANCE>"
    text = cimxml.Encoder(classes, nulls=True).instance(instance)
    assert valid(text) == (
        f'{head}{number}<PROPERTY NAME="Name" TYPE="string"/>'
        '<PROPERTY NAME="OldName" TYPE="string"/><PROPERTY NAME="Flag" TYPE="boolean"/>'
        '<PROPERTY NAME="Inner" TYPE="string" EmbeddedObject="instance"/></INSTANCE>'
    )
    assert one(text).properties == {"Number": 3}
    assert parsed(text)["Name"] is None


def test_reals_that_are_no_numbers() -> None:
    text = ENCODER.instance(Instance("Virt_All", {"Reals": [float("inf"), -float("inf")]}))
    assert "<VALUE>INF</VALUE><VALUE>-INF</VALUE>" in text
    assert one(text).properties == {"Reals": [float("inf"), -float("inf")]}
    text = ENCODER.instance(Instance("Virt_All", {"Large": float("nan")}))
    assert "<VALUE>NaN</VALUE>" in text
    assert str(one(text)["Large"]) == "nan" and str(parsed(text)["Large"]) == "nan"


def test_paths_given_as_texts_are_paths() -> None:
    text = 'root/virt:Virt_Part.Name="a",Number=1,Flag=TRUE'
    written = ENCODER.instance(Instance("Virt_All", {"Link": text}))
    assert one(written)["Link"] == cim.parse_path(text)


def test_a_path_in_a_class_not_known() -> None:
    path = Path("ACME_Thing", {"Id": "a&b", "Number": 5, "Low": -5, "On": True,
                               "Of": Path("ACME_Thing", {"Id": ""})})
    text = valid(ENCODER.instance_name(path))
    assert parsed(text) == pywbem_path(path)
    assert cimxml.Decoder().path(tree.parse(text)) == path


def test_a_path_without_keys_is_that_of_a_class() -> None:
    for path in (Path("Virt_All"), Path("Virt_All", {}, "a/b"), Path("Virt_All", {}, "a", "h")):
        text = valid(ENCODER.reference(path))
        assert parsed(text) == pywbem.CIMClassName("Virt_All", path.host, path.namespace)
        assert same_path(cimxml.Decoder().path(tree.parse(text)), path)


def test_one_encoder_serves_threads() -> None:
    given = [Instance("Virt_Part", {"Name": "<" * (number % 3), "OldName": "x" * number,
                                    "Number": number}) for number in range(300)]
    alone = [cimxml.Encoder(classes).instance(each) for each in given]
    for _ in range(5):
        encoder = cimxml.Encoder(classes)
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(encoder.instance, given)) == alone


def test_the_namespace_of_a_group_and_its_places() -> None:
    first = Instance("Virt_Part", {"Name": "a"}, Path("Virt_Part", {"Name": "a"}, "root/virt"))
    text = "".join(ENCODER.document([first, Instance("Virt_Part", {"Name": "b"})]))
    assert text == (
        '<?xml version="1.0" encoding="utf-8"?>\n<CIM CIMVERSION="2.0" DTDVERSION="2.0">\n'
        '<DECLARATION>\n<DECLGROUP.WITHNAME>\n<LOCALNAMESPACEPATH><NAMESPACE NAME="root"/>'
        '<NAMESPACE NAME="virt"/></LOCALNAMESPACEPATH><VALUE.NAMEDOBJECT>'
        '<INSTANCENAME CLASSNAME="Virt_Part"><KEYBINDING NAME="Name">'
        '<KEYVALUE VALUETYPE="string" TYPE="string">a</KEYVALUE></KEYBINDING></INSTANCENAME>'
        '<INSTANCE CLASSNAME="Virt_Part"><PROPERTY NAME="Name" TYPE="string"><VALUE>a</VALUE>'
        "</PROPERTY></INSTANCE></VALUE.NAMEDOBJECT>\n</DECLGROUP.WITHNAME>\n<DECLGROUP>\n"
        '<VALUE.OBJECT><INSTANCE CLASSNAME="Virt_Part"><PROPERTY NAME="Name" TYPE="string">'
        "<VALUE>b</VALUE></PROPERTY></INSTANCE></VALUE.OBJECT>\n</DECLGROUP>\n</DECLARATION>\n"
        "</CIM>\n"
    )
    assert [each.place for each in cimxml.instances(text.encode(), "x.xml")] == [
        "x.xml:5", "x.xml:8"]
    assert cimxml.instances("".join(ENCODER.document([])).encode()) == []


def test_the_body_of_a_response() -> None:
    body = "".join(ENCODER.named_instance(Instance("Virt_Part", {"Name": each},
                                                   Path("Virt_Part", {"Name": each})))
                   for each in "ab")
    response = f"<IMETHODRESPONSE NAME='x'><IRETURNVALUE>{body}</IRETURNVALUE><PARAMVALUE " \
               "NAME='EndOfSequence'><VALUE>TRUE</VALUE></PARAMVALUE></IMETHODRESPONSE>"
    text = f"<SIMPLERSP>{response}</SIMPLERSP>"
    message = f"<MESSAGE ID='1' PROTOCOLVERSION='1.0'><!-- ok -->{text}</MESSAGE>"
    for each in (f"<CIM CIMVERSION='2.0' DTDVERSION='2.0'>{message}</CIM>", text, response):
        assert [found["Name"] for found in cimxml.instances(each.encode())] == ["a", "b"]
    error = "<IMETHODRESPONSE NAME='x'><ERROR CODE='6' DESCRIPTION='No such'/></IMETHODRESPONSE>"
    with pytest.raises(Error) as caught:
        cimxml.instances(error.encode())
    assert (caught.value.status, caught.value.text) == (Status.NOT_FOUND, "No such")


def test_what_others_write() -> None:
    text = """<INSTANCE CLASSNAME='X' xml:lang='en'><QUALIFIER NAME='Q' TYPE='boolean'/>
      <PROPERTY NAME='Hex' TYPE='uint8' CLASSORIGIN='Y' PROPAGATED='true'>
        <QUALIFIER NAME='Q' TYPE='boolean'><VALUE>true</VALUE></QUALIFIER><VALUE> 0xFf </VALUE>
      </PROPERTY>
      <PROPERTY NAME='Low' TYPE='sint16'><VALUE>-0x10</VALUE></PROPERTY>
      <PROPERTY NAME='On' TYPE='boolean'><VALUE> true </VALUE></PROPERTY>
      <PROPERTY NAME='R' TYPE='real32'><VALUE>-.5E2</VALUE></PROPERTY>
      <PROPERTY NAME='Data' TYPE='string'><VALUE><![CDATA[<a>]]>b<!-- c -->c</VALUE></PROPERTY>
      <PROPERTY NAME='None' TYPE='string'/><PROPERTY.ARRAY NAME='Nones' TYPE='string'/>
      <PROPERTY.REFERENCE NAME='Ref'/>
      <PROPERTY NAME='E' TYPE='string' EMBEDDEDOBJECT='object'><VALUE>
        &lt;?xml version="1.0" encoding="utf-8"?>&lt;INSTANCE CLASSNAME="Z"/></VALUE></PROPERTY>
    </INSTANCE>"""
    assert one(text) == Instance("X", {
        "Hex": 255, "Low": -16, "On": True, "R": -50.0, "Data": "<a>bc", "E": Instance("Z")})
    text = """<INSTANCENAME CLASSNAME='X'>
      <KEYBINDING NAME='A'><KEYVALUE>a</KEYVALUE></KEYBINDING>
      <KEYBINDING NAME='B'><KEYVALUE VALUETYPE='boolean'>TRUE</KEYVALUE></KEYBINDING>
      <KEYBINDING NAME='C'><KEYVALUE VALUETYPE='numeric' TYPE=''>-7</KEYVALUE></KEYBINDING>
      <KEYBINDING NAME='D'><KEYVALUE VALUETYPE='numeric'>1.5</KEYVALUE></KEYBINDING>
      <KEYBINDING NAME='E'><KEYVALUE VALUETYPE='numeric'>18446744073709551615</KEYVALUE>
      </KEYBINDING></INSTANCENAME>"""
    assert cimxml.Decoder().path(tree.parse(text)).keys == {
        "A": "a", "B": True, "C": -7, "D": 1.5, "E": 2**64 - 1}


# declarations


def test_classes_as_pywbem() -> None:
    theirs = compiled(QUALIFIER_MOF, CLASS_MOF).classes[NAMESPACE]
    for name, cls in DECLARED.items():
        text = valid(ENCODER.class_(cls))
        assert leveled(parsed(text)) == leveled(theirs[name])
        for each in (text, theirs[name].tocimxmlstr()):
            assert plain(cimxml.class_(tree.parse(each))) == plain(cls)


def plain(cls: Class) -> Any:
    """A class without its places."""
    def features(rows: Any) -> Any:
        return [(row.name, row.type, row.is_array, row.value, row.array_size, row.reference_class,
                 {each.name: each.value for each in row.qualifiers.values()})
                for row in rows.values()]

    methods = [(each.name, each.type, features(each.parameters)) for each in cls.methods.values()]
    return (cls.name, cls.superclass, features(cls.properties), methods,
            {each.name: each.value for each in cls.qualifiers.values()})


def test_qualifier_types_as_pywbem() -> None:
    theirs = compiled(QUALIFIER_MOF).qualifiers[NAMESPACE]
    for declaration in QUALIFIERS.values():
        text = valid(ENCODER.qualifier_type(declaration))
        mine, other = parsed(text), level_flavors(theirs[declaration.name])
        scopes = {name for name, held in mine.scopes.items() if held}
        named = {name for name, held in other.scopes.items() if held}
        assert scopes == (set(GRAMMAR_SCOPES) if "ANY" in named else named)
        mine.scopes = other.scopes = {}
        assert mine == other
        read = cimxml.qualifier_type(tree.parse(text))
        assert (read.name, read.type, read.is_array, read.value) == (
            declaration.name, declaration.type, declaration.is_array, declaration.value)
        assert {each.upper() for each in read.scopes} == scopes
        for flavor in ("EnableOverride", "ToSubclass", "Translatable", "ToInstance"):
            assert cim.flavor(read, flavor) == cim.flavor(declaration, flavor)


GRAMMAR_SCOPES = ["CLASS", "ASSOCIATION", "REFERENCE", "PROPERTY", "METHOD", "PARAMETER",
                  "INDICATION"]


def test_where_a_feature_comes_from() -> None:
    cls = classes("Virt_Part")
    text = valid(ENCODER.class_(cls, origin=True))
    found = parsed(text)
    assert {name: (row.class_origin, row.propagated) for name, row in found.properties.items()} == {
        "Name": ("Virt_Part", False), "OldName": ("Virt_Element", True),
        "Number": ("Virt_Part", False), "Flag": ("Virt_Part", False), "Inner": ("Virt_Part", False)}
    assert cimxml.class_(tree.parse(text)).properties["OldName"].origin == "Virt_Element"


def test_qualifiers_of_unknown_types_are_guessed() -> None:
    cls = Class("X", qualifiers={name: cim.Qualifier(name, value) for name, value in {
        "MaxLen": 5, "MaxValue": 5, "Truth": True, "Real": 0.5, "Texts": ["a"], "None": None,
    }.items()})
    found = parsed(valid(cimxml.Encoder(classes).class_(cls))).qualifiers
    assert {name: (each.type, each.value) for name, each in found.items()} == {
        "MaxLen": ("uint32", 5), "MaxValue": ("sint64", 5), "Truth": ("boolean", True),
        "Real": ("real64", 0.5), "Texts": ("string", ["a"]), "None": ("string", None)}
    bare = Class("X", qualifiers={"Version": cim.Qualifier("Version", True)})
    types = {"VERSION": QualifierType("Version", "string", value="1")}
    assert parsed(cimxml.Encoder(classes, types).class_(bare)).qualifiers["Version"].value == "1"


# parameters

METHOD = DECLARED["Virt_All"].methods["DoIt"]
PART = Instance("Virt_Part", {"Name": "<p>"})


@pytest.mark.parametrize(("name", "value"), [
    ("Texts", ["a", None, "<"]), ("Texts", []), ("Texts", None), ("Part", PART),
    ("Link", Path("Virt_Part", {"Name": "a"}, "root/virt")), ("Numbers", [1, 2]),
    ("Links", [Path("Virt_Part", {"Name": "a"}), None]),
])
def test_parameters(name: str, value: Any) -> None:
    text = valid(ENCODER.parameter(METHOD.parameters[name], value))
    assert cimxml.parameter(tree.parse(text)) == (name, value)
    found = TupleParser().parse_any(xml_to_tupletree_sax(text, "test"))
    assert found[:2] == (name, METHOD.parameters[name].type)


def test_return_values() -> None:
    assert valid(ENCODER.returned(METHOD, 4096)) == (
        '<RETURNVALUE PARAMTYPE="uint32"><VALUE>4096</VALUE></RETURNVALUE>')
    assert valid(ENCODER.returned(METHOD, None)) == '<RETURNVALUE PARAMTYPE="uint32"></RETURNVALUE>'


def test_parameters_of_clients() -> None:
    theirs = pywbem.CIMParameter("Part", "string", embedded_object="instance",
                                 value=pywbem_instance(PART))
    assert cimxml.parameter(tree.parse(theirs.tocimxmlstr(as_value=True))) == ("Part", PART)
    bare = tree.parse("<PARAMVALUE NAME='numbers'><VALUE.ARRAY><VALUE>7</VALUE></VALUE.ARRAY>"
                      "</PARAMVALUE>")
    assert cimxml.parameter(bare) == ("numbers", ["7"])
    assert cimxml.parameter(bare, METHOD.parameters) == ("numbers", [7])
    old = tree.parse("<PARAMVALUE NAME='N' TYPE='uint8'><VALUE>7</VALUE></PARAMVALUE>")
    assert cimxml.parameter(old) == ("N", 7)
    assert cimxml.embedded(f" {ENCODER.instance(PART)}\n", "Part") == PART


@pytest.mark.parametrize(("content", "value"), [
    ("", None),
    ("<VALUE>TRUE</VALUE>", "TRUE"),
    ("<VALUE.ARRAY><VALUE>a</VALUE></VALUE.ARRAY>", ["a"]),
    ("<CLASSNAME NAME='X'/>", Path("X")),
    ("<INSTANCENAME CLASSNAME='X'/>", Path("X")),
    ("<VALUE.REFERENCE><CLASSNAME NAME='X'/></VALUE.REFERENCE>", Path("X")),
    ("<INSTANCE CLASSNAME='X'/>", Instance("X")),
    ("<VALUE.NAMEDINSTANCE><INSTANCENAME CLASSNAME='X'/><INSTANCE CLASSNAME='X'/>"
     "</VALUE.NAMEDINSTANCE>", Instance("X", {}, Path("X"))),
])
def test_intrinsic_parameters(content: str, value: Any) -> None:
    element = tree.parse(f"<IPARAMVALUE NAME='N'>{content}</IPARAMVALUE>")
    assert cimxml.intrinsic_parameter(element) == ("N", value)


def test_declarations_as_parameters() -> None:
    element = tree.parse("<IPARAMVALUE NAME='N'><CLASS NAME='X' SUPERCLASS='Y'/></IPARAMVALUE>")
    assert cimxml.intrinsic_parameter(element)[1].superclass == "Y"
    element = tree.parse("<IPARAMVALUE NAME='N'><QUALIFIER.DECLARATION NAME='X' TYPE='string' "
                         "ISARRAY='true'/></IPARAMVALUE>")
    assert cimxml.intrinsic_parameter(element)[1] == QualifierType("X", "string", True)


# what is refused


@pytest.mark.parametrize(("properties", "message"), [
    ({"Text": "a\0"}, "Virt_All.Text: XML cannot carry the character U+0000"),
    ({"Text": "<\x1b"}, "Virt_All.Text: XML cannot carry the character U+001B"),
    ({"Text": "\ud800"}, "Virt_All.Text: XML cannot carry the character U+D800"),
    ({"Texts": ["", "\uffff"]}, "Virt_All.Texts: XML cannot carry the character U+FFFF"),
    ({"Letter": "\x02"}, "Virt_All.Letter: XML cannot carry the character U+0002"),
    ({"Letter": "ab"}, "Virt_All.Letter: 'ab' is not of type char16"),
    ({"Letter": "\U0001f600"}, "Virt_All.Letter: '\U0001f600' is not of type char16"),
    ({"Part": Instance("Virt_Part", {"Name": "\x03"})},
     "Virt_Part.Name: XML cannot carry the character U+0003"),
    ({"Link": Path("Virt_Part", {"Name": "\x04"})},
     "Virt_Part.Name: XML cannot carry the character U+0004"),
    ({"text": 5}, "Virt_All.Text: 5 is not of type string"),
    ({"Text": ["a"]}, "Virt_All.Text: ['a'] is not of type string"),
    ({"Name": "a", "Text": "b", "Date": 5}, "Virt_All.Date: 5 is not of type datetime"),
    ({"Texts": "a"}, "Virt_All.Texts: 'a' is not of type string[]"),
    ({"Texts": ["a", 5]}, "Virt_All.Texts: 5 is not of type string"),
    ({"U8": 256}, "Virt_All.U8: 256 is outside uint8 (0 to 255)"),
    ({"S8": -129}, "Virt_All.S8: -129 is outside sint8 (-128 to 127)"),
    ({"U8": "5"}, "Virt_All.U8: '5' is not of type uint8"),
    ({"U8": True}, "Virt_All.U8: True is not of type uint8"),
    ({"U8": 1.0}, "Virt_All.U8: 1.0 is not of type uint8"),
    ({"Truth": 1}, "Virt_All.Truth: 1 is not of type boolean"),
    ({"Small": "1.5"}, "Virt_All.Small: '1.5' is not of type real32"),
    ({"Large": True}, "Virt_All.Large: True is not of type real64"),
    ({"Part": "<INSTANCE/>"}, "Virt_All.Part: '<INSTANCE/>' is not of type string"),
    ({"Link": 5}, "Virt_All.Link: 5 is not of type reference"),
    ({"Link": "no path"}, "Virt_All.Link: 'no path' is not an object path"),
    ({"Link": Path("Virt_Part", {"Name": None})}, "Virt_Part.Name: None is not of type string"),
    ({"Nothing": 5}, "Virt_All.Nothing: there is no such property"),
    ({"Text": "a", "TEXT": "b"}, "Virt_All.Text: is given twice"),
    ({"Part": Instance("Nothing")}, "Nothing: there is no such class"),
])
def test_refused_when_written(properties: dict[str, Any], message: str) -> None:
    encoder = cimxml.Encoder(classes)
    for _ in range(2):
        with pytest.raises(Error) as caught:
            encoder.instance(Instance("Virt_All", properties))
        assert str(caught.value) == message
        good = {name: value for name, value in (("Text", "a"), ("U8", 1)) if name in properties}
        assert one(encoder.instance(Instance("Virt_All", good))).properties == good


def test_paths_refused_when_written() -> None:
    with pytest.raises(Error, match=r"^Virt_Part: the instance has no path$"):
        ENCODER.named_instance(Instance("Virt_Part"))
    with pytest.raises(Error, match=r"^Virt_Part.Name=\"a\": the path has no namespace$"):
        ENCODER.instance_path(Path("Virt_Part", {"Name": "a"}))
    array = Class("X", properties={"R": Property("R", "reference", True, reference_class="Y")})
    with pytest.raises(Error, match=r"^X.R: CIM-XML has no arrays of references$"):
        ENCODER.class_(array)


def bad_property(attributes: str, content: str) -> str:
    return f"<INSTANCE CLASSNAME='X'>\n<PROPERTY NAME='P' {attributes}>{content}</PROPERTY>\n" \
           "</INSTANCE>"


DEEP = "<INSTANCE CLASSNAME='X'/>"
for _ in range(40):
    DEEP = bad_property("TYPE='string' EmbeddedObject='instance'",
                        f"<VALUE>{cimxml.escape(DEEP, '')}</VALUE>")


@pytest.mark.parametrize(("text", "message"), [
    ("<a>\n</b>", "x.xml:2: Opening and ending tag mismatch: a line 1 and b"),
    ("<!DOCTYPE a [<!ENTITY b 'c'>]><INSTANCE CLASSNAME='X'/>",
     "x.xml:1: a document type declaration is not accepted"),
    ("<a/>", "x.xml:1: a: is not an instance"),
    ("<CIM>\n<b/></CIM>", "x.xml:2: b: is not an instance"),
    ("<CIM>\n<CLASS NAME='X'/></CIM>", "x.xml:2: CLASS: is not an instance"),
    ("<VALUE.OBJECT><CLASS NAME='X'/></VALUE.OBJECT>",
     "x.xml:1: VALUE.OBJECT: does not hold an instance"),
    ("<VALUE.NAMEDINSTANCE><INSTANCE CLASSNAME='X'/><INSTANCE CLASSNAME='X'/>"
     "</VALUE.NAMEDINSTANCE>", "x.xml:1: INSTANCE: is not a path"),
    ("<ERROR CODE='x'/>", "x.xml:1: ERROR: 'x' is not a status code"),
    ("<INSTANCE/>", "x.xml:1: INSTANCE: has no attribute CLASSNAME"),
    ("<INSTANCE CLASSNAME='a b'/>", "x.xml:1: INSTANCE: 'a b' is not a name"),
    ("<INSTANCE CLASSNAME='X'>\n<METHOD/></INSTANCE>",
     "x.xml:2: METHOD: has no place in INSTANCE"),
    ("<INSTANCE CLASSNAME='X'><PROPERTY NAME='P' TYPE='string'/>"
     "<PROPERTY NAME='p' TYPE='string'/></INSTANCE>", "X.p: is given twice"),
    (bad_property("", ""), "x.xml:2: PROPERTY: has no attribute TYPE"),
    (bad_property("TYPE='int'", "<VALUE>5</VALUE>"), "X.P: 'int' is not a type"),
    (bad_property("TYPE='uint8'", "<VALUE>5</VALUE><VALUE>5</VALUE>"),
     "x.xml:2: VALUE: has no place in PROPERTY"),
    (bad_property("TYPE='uint8'", "<VALUE.ARRAY/>"),
     "x.xml:2: VALUE.ARRAY: has no place in PROPERTY"),
    (bad_property("TYPE='uint8'", "<VALUE>\n<b/></VALUE>"), "x.xml:3: b: has no place in VALUE"),
    (bad_property("TYPE='uint8'", "<VALUE>a</VALUE>"), "X.P: 'a' is not of type uint8"),
    (bad_property("TYPE='uint8'", "<VALUE/>"), "X.P: '' is not of type uint8"),
    (bad_property("TYPE='uint8'", "<VALUE>1_0</VALUE>"), "X.P: '1_0' is not of type uint8"),
    (bad_property("TYPE='uint8'", "<VALUE>256</VALUE>"), "X.P: 256 is outside uint8 (0 to 255)"),
    (bad_property("TYPE='uint8'", f"<VALUE>{'9' * 99}</VALUE>"),
     f"X.P: '{'9' * 79}… is not of type uint8"),
    (bad_property("TYPE='boolean'", "<VALUE>1</VALUE>"), "X.P: '1' is not of type boolean"),
    (bad_property("TYPE='real64'", "<VALUE>1e999</VALUE>"), "X.P: '1e999' is not of type real64"),
    (bad_property("TYPE='real64'", "<VALUE>1_0.0</VALUE>"), "X.P: '1_0.0' is not of type real64"),
    (bad_property("TYPE='char16'", "<VALUE/>"), "X.P: '' is not of type char16"),
    (bad_property("TYPE='datetime'", "<VALUE>now</VALUE>"), "X.P: 'now' is not of type datetime"),
    (bad_property("TYPE='string' EmbeddedObject='instance'", "<VALUE>a</VALUE>"),
     "X.P:1: Start tag expected, '<' not found"),
    (bad_property("TYPE='string' EmbeddedObject='object'", "<VALUE>&lt;CLASS NAME='X'/></VALUE>"),
     "X.P:1: CLASS: is not an instance"),
    (bad_property("TYPE='string' EmbeddedObject='instance'", "<VALUE>&lt;INSTANCE CLASSNAME='Y'>"
     "&lt;PROPERTY NAME='Q' TYPE='uint8'>&lt;VALUE>x&lt;/VALUE>&lt;/PROPERTY>&lt;/INSTANCE>"
     "</VALUE>"), "Y.Q: 'x' is not of type uint8"),
    (DEEP, "X.P: more than 32 instances embedded in each other"),
    ("<INSTANCE CLASSNAME='X'>\n<PROPERTY.ARRAY NAME='P' TYPE='uint8'><VALUE.ARRAY>\n<b/>"
     "</VALUE.ARRAY></PROPERTY.ARRAY></INSTANCE>", "x.xml:3: b: has no place in VALUE.ARRAY"),
    ("<INSTANCE CLASSNAME='X'><PROPERTY.REFERENCE NAME='P'><VALUE.REFERENCE/>"
     "</PROPERTY.REFERENCE></INSTANCE>", "x.xml:1: VALUE.REFERENCE: does not hold one INSTANCENAME "
     "or LOCALINSTANCEPATH or INSTANCEPATH or CLASSNAME or LOCALCLASSPATH or CLASSPATH"),
])
def test_refused_when_read(text: str, message: str) -> None:
    with pytest.raises(Error) as caught:
        cimxml.instances(text.encode(), "x.xml")
    assert (str(caught.value), caught.value.status) == (message, Status.INVALID_PARAMETER)


@pytest.mark.parametrize(("text", "message"), [
    ("<a/>", "-:1: a: is not a path"),
    ("<INSTANCENAME CLASSNAME='X'><KEYVALUE>a</KEYVALUE></INSTANCENAME>",
     "-:1: KEYVALUE: has no place in INSTANCENAME"),
    ("<INSTANCENAME CLASSNAME='X'><KEYBINDING NAME='A'/></INSTANCENAME>",
     "-:1: KEYBINDING: does not hold one KEYVALUE or VALUE.REFERENCE"),
    ("<INSTANCENAME CLASSNAME='X'><KEYBINDING NAME='A'><KEYVALUE>a</KEYVALUE></KEYBINDING>"
     "<KEYBINDING NAME='a'><KEYVALUE>a</KEYVALUE></KEYBINDING></INSTANCENAME>",
     "X.a: is given twice"),
    ("<INSTANCENAME CLASSNAME='X'><KEYBINDING NAME='A'><KEYVALUE VALUETYPE='numeric'>a</KEYVALUE>"
     "</KEYBINDING></INSTANCENAME>", "X.A: 'a' is not of type real64"),
    ("<INSTANCENAME CLASSNAME='X'><KEYBINDING NAME='A'><KEYVALUE VALUETYPE='odd'>a</KEYVALUE>"
     "</KEYBINDING></INSTANCENAME>", "X.A: 'odd' is not a type"),
    ("<LOCALINSTANCEPATH><INSTANCENAME CLASSNAME='X'/></LOCALINSTANCEPATH>",
     "-:1: LOCALINSTANCEPATH: does not hold LOCALNAMESPACEPATH and INSTANCENAME"),
    ("<LOCALCLASSPATH><LOCALNAMESPACEPATH/><CLASSNAME NAME='X'/></LOCALCLASSPATH>",
     "-:1: LOCALNAMESPACEPATH: does not hold NAMESPACE"),
    ("<CLASSPATH><NAMESPACEPATH/><CLASSNAME NAME='X'/></CLASSPATH>",
     "-:1: NAMESPACEPATH: does not hold HOST and LOCALNAMESPACEPATH"),
])
def test_paths_refused_when_read(text: str, message: str) -> None:
    with pytest.raises(Error) as caught:
        cimxml.Decoder().path(tree.parse(text))
    assert str(caught.value) == message


@pytest.mark.parametrize(("text", "message"), [
    ("<CLASS NAME='X'><a/></CLASS>", "-:1: a: has no place in CLASS"),
    ("<CLASS NAME='X'><METHOD NAME='M' TYPE='uint8'><a/></METHOD></CLASS>",
     "-:1: a: has no place in METHOD"),
    ("<CLASS NAME='X'><METHOD NAME='M'/></CLASS>", "-:1: METHOD: has no attribute TYPE"),
    ("<CLASS NAME='X'><PROPERTY NAME='P' TYPE='uint8'/><PROPERTY NAME='p' TYPE='uint8'/></CLASS>",
     "-:1: PROPERTY: p is declared twice"),
    ("<CLASS NAME='X'><PROPERTY.ARRAY NAME='P' TYPE='uint8' ARRAYSIZE='-1'/></CLASS>",
     "-:1: PROPERTY.ARRAY: '-1' is not a size"),
    ("<CLASS NAME='X'><QUALIFIER NAME='Q' TYPE='uint8'><VALUE>a</VALUE></QUALIFIER></CLASS>",
     "X: Q: 'a' is not of type uint8"),
])
def test_classes_refused_when_read(text: str, message: str) -> None:
    with pytest.raises(Error) as caught:
        cimxml.class_(tree.parse(text))
    assert str(caught.value) == message


def test_parameters_refused_when_read() -> None:
    for text, message in [
        ("<PARAMVALUE NAME='P'><VALUE/><VALUE/></PARAMVALUE>",
         "-:1: PARAMVALUE: does not hold one VALUE or VALUE.ARRAY or VALUE.REFERENCE or "
         "VALUE.REFARRAY or CLASSNAME or INSTANCENAME or INSTANCE or VALUE.NAMEDINSTANCE or "
         "CLASS or QUALIFIER.DECLARATION"),
        ("<PARAMVALUE NAME='P' PARAMTYPE='uint8'><VALUE>a</VALUE></PARAMVALUE>",
         "P: 'a' is not of type uint8"),
    ]:
        with pytest.raises(Error) as caught:
            cimxml.parameter(tree.parse(text))
        assert str(caught.value) == message
    text = "<QUALIFIER.DECLARATION NAME='X' TYPE='string' ISARRAY='maybe'/>"
    with pytest.raises(Error) as caught:
        cimxml.qualifier_type(tree.parse(text))
    assert str(caught.value) == (
        "-:1: QUALIFIER.DECLARATION: ISARRAY is 'maybe', not true or false")
