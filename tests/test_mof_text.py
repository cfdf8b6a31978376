# SPDX-License-Identifier: LGPL-2.1-or-later
"""MOF: what is written, our own reader and pywbem's compiler read back the same."""

from __future__ import annotations

import os
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path as File
from typing import Any

import attrs
import corpus
import pytest
from codecs_data import (
    ANY,
    CLASS_MOF,
    DECLARED,
    NAMESPACE,
    QUALIFIER_MOF,
    QUALIFIERS,
    classes,
    compiled,
    instances,
    leveled,
    pywbem_instance,
)
from hypothesis import given
from hypothesis import strategies as st

from libvirt_cim import mof as reader
from libvirt_cim.adapter import mof
from libvirt_cim.cim import Class, Error, Instance, Path, Property, QualifierType, Status

SCHEMA = os.environ.get("CIM_SCHEMA", "")
DECLARATIONS = "".join(
    [mof.qualifier_type(each) for each in QUALIFIERS.values()]
    + [mof.class_(each) for each in DECLARED.values()]
)


# instances


@given(st.lists(instances(ANY), max_size=3))
def test_round_trip(written: list[Instance]) -> None:
    text = "".join(mof.instances(written, classes))
    text.encode()
    assert "\r" not in text
    assert mof.decode(text, "test", classes) == written


# pywbem's compiler drops NULL from arrays of instances, leaves the quotes on a char16, and
# knows no half of a character in a reference.
FOR_PYWBEM = ANY.map(lambda each: "".join(c for c in each if not 0xD800 <= ord(c) < 0xE000))


def readable(instance: Instance) -> Instance:
    """An instance with a key and without those."""
    instance.properties.setdefault("Name", "a")
    instance.properties.pop("Letter", None)
    instance.properties.pop("Link", None)
    if "Parts" in instance.properties:
        parts = [each for each in instance["Parts"] if each is not None]
        instance.properties["Parts"] = parts
        if not parts:
            del instance.properties["Parts"]
    return instance


@given(st.lists(instances(FOR_PYWBEM, depth=1).map(readable), min_size=1, max_size=3))
def test_pywbem_compiles_the_same(written: list[Instance]) -> None:
    text = "".join(mof.instances(written, classes))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = compiled(DECLARATIONS, text).instances[NAMESPACE]
    for theirs, mine in zip(found, written):
        assert {name: simple(theirs.get(name)) for name in mine.properties} == {
            name: simple(each) for name, each in pywbem_instance(mine).items()
        }


def simple(value: Any) -> Any:
    """A value of pywbem's without what its compiler adds to an instance."""
    if isinstance(value, list):
        return [simple(each) for each in value]
    if hasattr(value, "properties"):
        return {name: simple(each) for name, each in value.items() if each is not None}
    return value


def test_pywbem_compiles_references() -> None:
    path = Path("Virt_Part", {"Name": 'a "b"', "Number": 5, "Flag": True}, "root/virt")
    text = "".join(mof.instances([Instance("Virt_All", {"Name": "a", "Link": path})], classes))
    (found,) = compiled(DECLARATIONS, text).instances[NAMESPACE]
    assert (found["Link"].namespace, dict(found["Link"].keybindings)) == ("root/virt", path.keys)


def test_a_text_as_it_is() -> None:
    part = Instance("virt_part", {"flag": True, "Name": 'a"b'})
    instance = Instance("Virt_All", {
        "Parts": [part], "Text": "tab\tline\nbell\a \x7f\ud800 'é' \\", "Large": 1e22, "U8": None,
        "Numbers": [1, None], "Dates": [], "Letter": "'", "Date": "20240101000000.000000+000",
        "Link": Path("Virt_Part", {"Name": "a"}, "root/virt"), "Name": "x", "Truth": False,
    })
    text = "".join(mof.instances([instance, Instance("Virt_Link")], classes))
    assert text == r"""instance of Virt_All {
   Name = "x";
   Text = "tab\tline\nbell\x0007 \x007F\xD800 'é' \\";
   Date = "20240101000000.000000+000";
   Truth = false;
   Letter = '\'';
   Large = 1.0e+22;
   Dates = { };
   Numbers = { 1, NULL };
   Parts = { "instance of Virt_Part { Name = \"a\\\"b\"; Flag = true;};" };
   Link = "root/virt:Virt_Part.Name=\"a\"";
};

instance of Virt_Link {
   Antecedent = NULL;
};

"""


def test_integers_are_reals_too() -> None:
    text = "instance of virt_all { large = 5; small = 0x10; reals = { 1, NULL, 2.5 }; };"
    (found,) = mof.decode(text, "test", classes)
    assert found.properties == {"large": 5.0, "small": 16.0, "reals": [1.0, None, 2.5]}
    assert [type(found[each]) for each in ("large", "small")] == [float, float]
    assert found.place == "test:1"


@pytest.mark.parametrize(("properties", "message"), [
    ({"Large": float("nan")}, "Virt_All.Large: MOF has no nan"),
    ({"Text": 5}, "Virt_All.Text: 5 is not of type string"),
    ({"Texts": "a"}, "Virt_All.Texts: 'a' is not of type string[]"),
    ({"Texts": [5]}, "Virt_All.Texts: 5 is not of type string"),
    ({"U8": 256}, "Virt_All.U8: 256 is outside uint8 (0 to 255)"),
    ({"U8": True}, "Virt_All.U8: True is not of type uint8"),
    ({"Truth": 1}, "Virt_All.Truth: 1 is not of type boolean"),
    ({"Small": "1"}, "Virt_All.Small: '1' is not of type real32"),
    ({"Letter": "ab"}, "Virt_All.Letter: 'ab' is not of type char16"),
    ({"Part": "a"}, "Virt_All.Part: 'a' is not of type instance"),
    ({"Link": 5}, "Virt_All.Link: 5 is not of type reference"),
    ({"Nothing": 5}, "Virt_All.Nothing: there is no such property"),
    ({"Text": "a", "text": "b"}, "Virt_All.Text: is given twice"),
    ({"Part": Instance("Nothing")}, "Nothing: there is no such class"),
])
def test_refused_when_written(properties: dict[str, Any], message: str) -> None:
    with pytest.raises(Error) as caught:
        list(mof.instances([Instance("Virt_All", properties)], classes))
    assert str(caught.value) == message


@pytest.mark.parametrize(("text", "message", "status"), [
    ("instance of\n5", "f.mof:2: expected the name of a class, not '5'", 4),
    ("instance of Virt_All { Text = $a; };", "f.mof:1: expected a value, not '$a'", 4),
    ("\nclass X { };", "f.mof:2: X: expected instances, not a declaration", 4),
    ("Qualifier Q : string, Scope(any);", "f.mof: Q: expected instances, not a declaration", 4),
    ("\n\ninstance of X { };", "f.mof:3: X: there is no such class", 5),
    ("instance of Virt_All { A = 5; };", "f.mof:1: Virt_All.A: there is no such property", 12),
    ('instance of Virt_All { Link = "a b"; };',
     "f.mof:1: Virt_All.Link: 'a b' is not an object path", 4),
    ('instance of Virt_All { Part = ""; };',
     "f.mof:1: Virt_All.Part: expected one instance, not 0", 4),
    ('instance of Virt_All { Part = "instance of Virt_Part {};instance of Virt_Part {};"; };',
     "f.mof:1: Virt_All.Part: expected one instance, not 2", 4),
    ('instance of Virt_All { Parts = { NULL, "class X { };" }; };',
     "f.mof:1: Virt_All.Parts:1: X: expected instances, not a declaration", 4),
    ('instance of Virt_All { Part = "instance of Virt_Part { A = 5; };"; };',
     "f.mof:1: Virt_All.Part:1: Virt_Part.A: there is no such property", 12),
])
def test_refused_when_read(text: str, message: str, status: int) -> None:
    with pytest.raises(Error) as caught:
        mof.decode(text, "f.mof", classes)
    assert (str(caught.value), caught.value.status) == (message, Status(status))


# declarations


def placeless(found: Any) -> Any:
    """A declaration without its file and lines."""
    if isinstance(found, QualifierType):
        return found
    properties = {name: attrs.evolve(row, line=0) for name, row in found.properties.items()}
    methods = {
        name: attrs.evolve(method, line=0, parameters={
            each: attrs.evolve(row, line=0) for each, row in method.parameters.items()})
        for name, method in found.methods.items()
    }
    return attrs.evolve(found, properties=properties, methods=methods, file="", line=0)


def test_declarations_are_read_back() -> None:
    read = [placeless(each) for each in reader.read(DECLARATIONS)]
    assert read == [placeless(each) for each in (*QUALIFIERS.values(), *DECLARED.values())]
    assert max(len(line) for line in DECLARATIONS.split("\n")) <= 100


def test_pywbem_compiles_declarations() -> None:
    mine, theirs = compiled(DECLARATIONS), compiled(QUALIFIER_MOF, CLASS_MOF)
    assert mine.qualifiers[NAMESPACE] == theirs.qualifiers[NAMESPACE]
    for name, cls in theirs.classes[NAMESPACE].items():
        assert leveled(mine.classes[NAMESPACE][name]) == leveled(cls)


def test_a_declaration_as_it_is() -> None:
    assert mof.class_(DECLARED["Virt_Part"]) == r"""   [Virt_Numbers { 0.25, 1.0e+30 }]
class Virt_Part : Virt_Element {
   [Override ( "Name" ), Key,
    Description (
       "Words that go on and on, so that the literal is broken into parts that follow each "
       "other, and each of them fits on a line of its own, whatever stands in it." )]
   string Name;
   [Key] uint16 Number = 7;
   [Key] boolean Flag = true;
   [EmbeddedInstance ( "Virt_Part" )] string Inner;
};
"""
    text = mof.class_(DECLARED["Virt_All"])
    assert text[text.index("   [Description"):] == r"""   [Description ( "Does it." )] uint32 DoIt(
      [In, Description ( "A long description of a parameter that does not fit on one line." )]
      string Texts[],
      [In ( false ), Out, ArrayType ( "Indexed" )] Virt_Part REF Links[],
      [In] Virt_Part REF Link,
      [Out, EmbeddedInstance ( "Virt_Part" )] string Part,
      uint16 Numbers[3]);
   boolean Undo();
};
"""
    assert mof.qualifier_type(QUALIFIERS["EmbeddedObject"]) == (
        "Qualifier EmbeddedObject : boolean = false, Scope(property, method, parameter),\n"
        "   Flavor(DisableOverride, ToSubclass);\n")
    assert mof.qualifier_type(QualifierType("Q", "uint8", value=5)) == (
        "Qualifier Q : uint8 = 5, Scope(any);\n")


def test_an_association_says_so_first() -> None:
    (cls,) = reader.read("[Version ( \"1\" ), Association] class X { };")
    assert isinstance(cls, Class)
    assert mof.class_(cls) == '   [Association, Version ( "1" )]\nclass X {\n};\n'


def test_a_default_that_is_not_of_its_type() -> None:
    for row, message in [
        (Property("P", "uint8", value=256), "X.P: 256 is outside uint8 (0 to 255)"),
        (Property("P", "string", value=5), "X.P: 5 is not of type string"),
        (Property("P", "string", True, "a"), "X.P: the default of an array is not an array"),
    ]:
        with pytest.raises(Error) as caught:
            mof.class_(Class("X", properties={"P": row}))
        assert str(caught.value) == message


# DMTF's own


def schema_texts() -> Iterator[tuple[str, str]]:
    """The MOF files of DMTF's schema by name."""
    where = File(SCHEMA)
    if where.is_file():
        with zipfile.ZipFile(where) as archive:
            for name in sorted(archive.namelist()):
                if name.endswith(".mof"):
                    yield name, archive.read(name).decode()
    for file in sorted(where.rglob("*.mof")):
        yield file.name, file.read_text("utf-8")


@pytest.mark.corpus
def test_all_of_the_dmtf() -> None:
    if not SCHEMA:
        (pytest.fail if corpus.REQUIRED else pytest.skip)("$CIM_SCHEMA names no DMTF schema")
    found = 0
    for name, text in schema_texts():
        for each in reader.read(text, name):
            if isinstance(each, (Class, QualifierType)):
                write: Any = mof.class_ if isinstance(each, Class) else mof.qualifier_type
                (read,) = reader.read(write(each))
                assert placeless(read) == placeless(each)
                found += 1
    assert found > 1000
