# SPDX-License-Identifier: LGPL-2.1-or-later
"""CIM-XML: what cannot be written and what is not read, each with a message that says where."""

from __future__ import annotations

from typing import Any

import pytest
from cimxml_data import ENCODER, one
from codecs_data import classes

from libvirt_cim import tree
from libvirt_cim.adapter import cimxml
from libvirt_cim.cim import Class, Error, Instance, Path, Property, Status


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
