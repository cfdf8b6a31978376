# SPDX-License-Identifier: LGPL-2.1-or-later
"""CIM-XML: classes and qualifier types are valid by DSP0203 and are pywbem's, both ways."""

from __future__ import annotations

from typing import Any

from cimxml_data import ENCODER, parsed, valid
from codecs_data import (
    CLASS_MOF,
    DECLARED,
    NAMESPACE,
    QUALIFIER_MOF,
    QUALIFIERS,
    classes,
    compiled,
    level_flavors,
    leveled,
)

from libvirt_cim import cim, tree
from libvirt_cim.adapter import cimxml
from libvirt_cim.cim import Class, QualifierType


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
