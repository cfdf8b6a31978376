# SPDX-License-Identifier: LGPL-2.1-or-later
"""CIM-XML: parameters and return values of methods and of operations, ours and other people's."""

from __future__ import annotations

from typing import Any

import pytest
import pywbem
from cimxml_data import ENCODER, valid
from codecs_data import DECLARED, pywbem_instance
from pywbem._tupleparse import TupleParser
from pywbem._tupletree import xml_to_tupletree_sax

from libvirt_cim import tree
from libvirt_cim.adapter import cimxml
from libvirt_cim.cim import Instance, Path, QualifierType

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
