# SPDX-License-Identifier: LGPL-2.1-or-later
"""CIM-XML: instances and paths are read back, are valid by DSP0203, and are pywbem's, both ways."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import pywbem
from cimxml_data import ENCODER, located, one, parsed, same_path, valid, whole
from codecs_data import (
    NO_RETURNS,
    XML,
    classes,
    instances,
    paths,
    pywbem_instance,
    pywbem_path,
    readable_by_pywbem,
)
from hypothesis import given
from hypothesis import strategies as st

from libvirt_cim import cim, tree
from libvirt_cim.adapter import cimxml, cimxml_value
from libvirt_cim.cim import Error, Instance, Path, Status

AS_IT_IS = (
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
    assert ENCODER.instance(instance) == AS_IT_IS


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


def test_class_origins() -> None:
    instance = Instance("Virt_Part", {"Number": 3})
    text = cimxml.Encoder(classes, origins=True).instance(instance)
    assert 'TYPE="uint16" CLASSORIGIN="Virt_Part"><VALUE>3' in valid(text)
    assert one(text).properties == {"Number": 3}


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


def _written(encoder: cimxml.Encoder, instance: Instance) -> str:
    try:
        return encoder.named_instance(instance)
    except Error as error:
        return f"{error.status} {error}"


@pytest.mark.parametrize(("name", "value"), [
    ("Name", "<&"), ("Name", ""), ("Name", "\x01"), ("Name", 1), ("Name", ["a"]),
    ("U8", 255), ("U8", 256), ("U8", -1), ("U8", True), ("U8", 1.0), ("U8", "1"),
    ("Texts", []), ("Texts", [""]), ("Texts", ["a", "<", "c"]), ("Texts", ["\ud800"]),
    ("Texts", ("a", "b")), ("Texts", "ab"), ("Texts", [None, "a"]), ("Texts", [1]),
    ("Texts", {"a": 1}), ("Truth", True), ("Truth", 1),
])
def test_other_values_than_those_a_plan_was_made_for(name: str, value: Any) -> None:
    usual = {"Name": "a", "U8": 1, "Texts": ["a", "b"], "Truth": False}
    path = Path("Virt_All", {"Name": "a"})
    encoder = cimxml.Encoder(classes)
    plain = [encoder.named_instance(Instance("Virt_All", usual, path)) for _ in range(3)]
    assert plain == plain[:1] * 3
    odd = Instance("Virt_All", {**usual, name: value},
                   Path("Virt_All", {"Name": value}) if name == "Name" else path)
    for _ in range(3):
        assert _written(encoder, odd) == _written(cimxml.Encoder(classes), odd)
        assert encoder.named_instance(Instance("Virt_All", usual, path)) == plain[0]


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


def test_lines_are_not_looked_through_for_what_xml_cannot_carry(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    """UnmappedXML has lines; only what may be such a character is looked at one by one."""
    monkeypatch.setattr(cimxml_value, "uncarried", None)
    assert cimxml.escape("<a>\n\té\r</a>", "") == "&lt;a&gt;&#10;&#9;é&#13;&lt;/a&gt;"
    with pytest.raises(TypeError):
        cimxml.escape("\ud7ff", "")  # as UTF-8 it begins like half of a surrogate pair
