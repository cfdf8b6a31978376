# SPDX-License-Identifier: LGPL-2.1-or-later
"""Declarations and parameters read from CIM-XML (DSP0201 2.4).

Knows the elements; all that is wrong is CIM_ERR_INVALID_PARAMETER, as in cimxml_decode.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Optional, Union

from ..cim import Class, Method, Property, Qualifier, QualifierType, Value, find
from ..tree import Element
from .cimxml_decode import Decoder

_PROPERTIES = ("PROPERTY", "PROPERTY.ARRAY", "PROPERTY.REFERENCE")
_PARAMETERS = ("PARAMETER", "PARAMETER.ARRAY", "PARAMETER.REFERENCE", "PARAMETER.REFARRAY")
_PATHS = ("CLASSNAME", "INSTANCENAME")
_INSTANCES = ("INSTANCE", "VALUE.NAMEDINSTANCE")
_VALUES = ("VALUE", "VALUE.ARRAY", "VALUE.REFERENCE", "VALUE.REFARRAY")
_HELD = (*_VALUES, *_PATHS, *_INSTANCES, "CLASS", "QUALIFIER.DECLARATION")
# DSP0201's attributes for flavors: the value that says something, and what it says in MOF.
_FLAVORS = {"OVERRIDABLE": (False, "disableoverride"), "TOSUBCLASS": (False, "restricted"),
            "TOINSTANCE": (True, "toinstance"), "TRANSLATABLE": (True, "translatable")}
_DEFAULT = Decoder()


def class_(element: Element, decoder: Decoder = _DEFAULT) -> Class:
    """The declaration that CLASS is; the flavors of its qualifiers are not kept."""
    properties: dict[str, Property] = {}
    methods: dict[str, Method] = {}
    name = decoder.named(element)
    for child in element:
        if child.tag in _PROPERTIES:
            row = _property(child, name, decoder)
            _add(properties, row, child, decoder)
        elif child.tag == "METHOD":
            _add(methods, _method(child, name, decoder), child, decoder)
        elif child.tag != "QUALIFIER":
            raise decoder.misplaced(child)
    parent = decoder.named(element, "SUPERCLASS") if element.get("SUPERCLASS") else None
    qualifiers = _qualifiers(element, name, decoder)
    return Class(name, parent, properties, methods, qualifiers, decoder.name, element.sourceline)


def _add(into: dict[str, Any], feature: Any, element: Element, decoder: Decoder) -> None:
    if find(into, feature.name) is not None:
        raise decoder.fail(element, f"{feature.name} is declared twice")
    into[feature.name] = feature


def _property(element: Element, class_name: str, decoder: Decoder) -> Property:
    name = decoder.named(element)
    where = f"{class_name}.{name}"
    reference = element.tag == "PROPERTY.REFERENCE"
    return Property(
        name,
        "reference" if reference else decoder.attribute(element, "TYPE"),
        element.tag == "PROPERTY.ARRAY",
        decoder.property(element, where),
        _qualifiers(element, where, decoder),
        element.get("REFERENCECLASS"),
        _size(element, decoder),
        element.get("CLASSORIGIN") or class_name,
        element.sourceline,
    )


def _method(element: Element, class_name: str, decoder: Decoder) -> Method:
    name = decoder.named(element)
    where = f"{class_name}.{name}"
    parameters: dict[str, Property] = {}
    for child in element:
        if child.tag in _PARAMETERS:
            _add(parameters, _declared_parameter(child, where, decoder), child, decoder)
        elif child.tag != "QUALIFIER":
            raise decoder.misplaced(child)
    return Method(
        name, decoder.attribute(element, "TYPE"), parameters,
        _qualifiers(element, where, decoder), element.get("CLASSORIGIN") or class_name,
        element.sourceline,
    )


def _declared_parameter(element: Element, where: str, decoder: Decoder) -> Property:
    name = decoder.named(element)
    reference = element.tag in ("PARAMETER.REFERENCE", "PARAMETER.REFARRAY")
    return Property(
        name,
        "reference" if reference else decoder.attribute(element, "TYPE"),
        element.tag in ("PARAMETER.ARRAY", "PARAMETER.REFARRAY"),
        None,
        _qualifiers(element, f"{where}.{name}", decoder),
        element.get("REFERENCECLASS"),
        _size(element, decoder),
        "",
        element.sourceline,
    )


def _size(element: Element, decoder: Decoder) -> Optional[int]:
    text = element.get("ARRAYSIZE")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise decoder.fail(element, f"{text!r} is not a size")
    return int(text)


def _qualifiers(element: Element, where: str, decoder: Decoder) -> dict[str, Qualifier]:
    found: dict[str, Qualifier] = {}
    for child in element:
        if child.tag == "QUALIFIER":
            name = decoder.named(child)
            type_ = decoder.attribute(child, "TYPE")
            value = decoder.content(child, type_, f"{where}: {name}", "VALUE", "VALUE.ARRAY")
            _add(found, Qualifier(name, value), child, decoder)
    return found


def qualifier_type(element: Element, decoder: Decoder = _DEFAULT) -> QualifierType:
    """The declaration that QUALIFIER.DECLARATION is, scopes and flavors spelled as MOF does."""
    name, type_ = decoder.named(element), decoder.attribute(element, "TYPE")
    value = decoder.content(element, type_, name, "VALUE", "VALUE.ARRAY")
    scopes: list[str] = []
    for child in element:
        if child.tag == "SCOPE":
            scopes += [str(each).lower() for each in child.keys() if _true(child, each, decoder)]
    flavors = [said for each, (when, said) in _FLAVORS.items()
               if _true(element, each, decoder, not when) is when]
    is_array = _true(element, "ISARRAY", decoder)
    return QualifierType(name, type_, is_array, value, tuple(scopes), tuple(flavors))


def _true(element: Element, attribute: str, decoder: Decoder, default: bool = False) -> bool:
    text = element.get(attribute, str(default)).lower()
    if text not in ("true", "false"):
        raise decoder.fail(element, f"{attribute} is {text!r}, not true or false")
    return bool(text == "true")


def parameter(
    element: Element,
    declared: Optional[Mapping[str, Property]] = None,
    decoder: Decoder = _DEFAULT,
) -> tuple[str, Value]:
    """The name and value of PARAMVALUE; None is NULL.

    The type is the one it tells, else the declared one; without either, values stay text.
    """
    name = decoder.named(element)
    row = find(declared or {}, name)
    type_ = element.get("PARAMTYPE") or element.get("TYPE") or (row.type if row else None)
    return name, _held(element, type_, name, decoder)


def intrinsic_parameter(element: Element, decoder: Decoder = _DEFAULT) -> tuple[str, Value]:
    """The name and value of IPARAMVALUE; None is NULL, values in VALUE stay text.

    A path is a Path, that of a class without keys; instances and declarations are read.
    """
    name = decoder.named(element)
    return name, _held(element, None, name, decoder)


def _held(
    element: Element, type_: Optional[str], where: str, decoder: Decoder
) -> Union[Value, Class, QualifierType]:
    child = decoder.only(element, *_HELD) if len(element) else None
    if child is None or child.tag in _VALUES:
        return decoder.content(element, type_, where, *_VALUES)
    if child.tag in _PATHS:
        return decoder.path(child)
    if child.tag in _INSTANCES:
        return decoder.instance(child)
    return class_(child, decoder) if child.tag == "CLASS" else qualifier_type(child, decoder)
