# SPDX-License-Identifier: LGPL-2.1-or-later
"""Extrinsic methods (DSP0200 1.4): their parameters in and out, typed as the class declares them.

An instance that a parameter embeds may come marked as one, as a plain string that holds CIM-XML,
or as one that holds MOF.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..cim import Class, Error, Instance, Method, Path, Property, Status, Value, find, invalid
from . import embedded
from .cimxml import Encoder, parameter
from .cimxml_message import Call
from .common import Classes
from .common import embedded as embeds


def declared(call: Call, classes: Classes) -> Method:
    """The declaration of the method that is called; CIM_ERR_METHOD_NOT_FOUND if there is none."""
    assert call.path is not None
    cls: Class = classes(call.path.class_name)
    found = find(cls.methods, call.name)
    if found is None:
        raise Error(Status.METHOD_NOT_FOUND, f"{cls.name} has no method {call.name}")
    return found


def arguments(call: Call, method: Method, classes: Classes) -> dict[str, Value]:
    """The method's parameters by their declared names; those that are NULL are None."""
    given: dict[str, Value] = {}
    for element in call.parameters:
        row = find(method.parameters, element.get("NAME", ""))
        if row is None:
            raise invalid(f"{method.name} has no parameter {element.get('NAME')}")
        if row.name in given:
            raise invalid(f"{method.name}.{row.name}: is given twice")
        for told in ("PARAMTYPE", "TYPE"):  # the class knows
            element.attrib.pop(told, None)
        _, value = parameter(element, {} if row.type == "reference" else method.parameters)
        given[row.name] = _typed(value, row, f"{method.name}.{row.name}", classes)
    return given


def _typed(value: Value, row: Property, where: str, classes: Classes) -> Value:
    """A value that has the shape its parameter has."""
    if value is None:
        return None
    if isinstance(value, list) != row.is_array:
        raise Error(Status.TYPE_MISMATCH,
                    f"{where}: is {'an array' if row.is_array else 'one value'}")
    if row.is_array:
        return [_one(each, row, where, classes) for each in value]
    return _one(value, row, where, classes)


def _one(value: Value, row: Property, where: str, classes: Classes) -> Value:
    if embeds(row):
        if isinstance(value, str):
            return embedded.instance(value, where, classes)
        wrong = value is not None and not isinstance(value, Instance)
    else:
        wrong = value is not None and isinstance(value, Path) != (row.type == "reference")
    if wrong or isinstance(value, Instance) and not embeds(row):
        raise Error(Status.TYPE_MISMATCH, f"{where}: is not of type {row.type}")
    return value


def answered(method: Method, value: Value, out: Mapping[str, Any], encoder: Encoder) -> str:
    """What METHODRESPONSE holds: the value returned, and the parameters that come out."""
    texts = [encoder.returned(method, value)]
    for name, each in out.items():
        row = find(method.parameters, name)
        if row is None:
            raise invalid(f"{method.name} has no parameter {name}")
        texts.append(encoder.parameter(row, each))
    return "".join(texts)
