# SPDX-License-Identifier: LGPL-2.1-or-later
"""An outline of a MOF file says what reading it says, sooner."""

from __future__ import annotations

import pytest

from libvirt_cim import mof, resource
from libvirt_cim.outline import Sketch, outline

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
