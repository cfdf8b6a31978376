# SPDX-License-Identifier: LGPL-2.1-or-later
"""An outline of a MOF file says what reading it says, sooner."""

from __future__ import annotations

import pytest

from libvirt_cim import mof, resource
from libvirt_cim.cim import Error
from libvirt_cim.convert import PREFIXES
from libvirt_cim.outline import Sketch, outline
from libvirt_cim.schema import Schema, declarations, load

FILES = dict(resource.texts("mappings"))
TWO = """// one
class A {
   string x;
};

   [Version ( "1" )]
class B : A {
   string s = "};";  // class C : A {
};
"""


def whole(text: str, name: str = "-") -> list[mof.Declaration]:
    return [each.read() if isinstance(each, Sketch) else each for each in outline(text, name)]


@pytest.mark.parametrize("name", FILES)
def test_it_says_what_the_file_says(name: str) -> None:
    assert whole(FILES[name], name) == mof.read(FILES[name], name)
    for each in outline(FILES[name], name):
        if isinstance(each, Sketch):
            read = each.read()
            assert (each.name, each.superclass) == (read.name, read.superclass)
            assert each.line == read.line
            assert each.qualifiers() == read.qualifiers
            assert set(each.embedded()) >= {
                row.qualifier("EmbeddedInstance") for row in read.properties.values()} - {None}


def test_classes_are_sketches() -> None:
    found = outline(TWO, "two.mof")
    assert [(each.name, each.line) for each in found if isinstance(each, Sketch)] == [
        ("A", 2), ("B", 7)]
    assert whole(TWO) == mof.read(TWO)


@pytest.mark.parametrize("text", [
    "", "class A { };", "class A : B\n{\n};\n", TWO + "class C { string y; };\n",
    TWO + "Qualifier Q : boolean, Scope(property);\n", "#pragma locale(\"en\")\n" + TWO,
    "instance of A {\n};\n" + TWO, "   class A {\n   };\n", TWO + "/* class D {\n};\n*/",
])
def test_another_layout_is_read_whole(text: str) -> None:
    assert whole(text) == mof.read(text)


@pytest.mark.parametrize("prefix", sorted({"Virt", *PREFIXES.values()}))
def test_tables_are_compiled_one_by_one_as_they_are_together(prefix: str) -> None:
    """Loading looks for no mistakes; there are none, and the same classes are tables."""
    whole, loaded = Schema(declarations(), prefix), load(prefix)
    assert set(whole.tables) == set(loaded.tables) and len(loaded.tables) > 50
    for name in whole.tables:
        assert whole.tables[name].class_ == loaded.tables[name].class_
        assert whole.is_association(name) == loaded.is_association(name) \
            == loaded.tables[name].association
    assert [each.name for each in whole.lossless()] == [each.name for each in loaded.lossless()]


def test_a_mistake_in_a_table_is_found_when_it_is_asked_for() -> None:
    texts = {**FILES, "bad.mof": """   [MappingStrings { "DomainXML.libvirt|/domain" }]
class Virt_Bad : CIM_ComputerSystem {
   [Key, Override ( "Name" ), MappingStrings { "name/" }] string Name;
};
"""}
    bad = Schema([each for name, text in texts.items() for each in outline(text, name)],
                 known=True)
    assert bad.tables["Virt_ComputerSystem"]
    with pytest.raises(Error, match=r"^bad.mof:3: Virt_Bad.Name: "):
        bad.tables["Virt_Bad"]
