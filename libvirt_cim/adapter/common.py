# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the codecs share: looking up a property, spelling a real, telling what a value is not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Callable

from ..cim import Class, Error, Property, Status, Value, find, invalid

Classes = Callable[[str], Class]  # a resolved declaration by name; cim.Error if there is none


def declared(cls: Class, name: str) -> Property:
    """The property of that name in any case, or CIM_ERR_NO_SUCH_PROPERTY."""
    row = find(cls.properties, name)
    if row is None:
        raise Error(Status.NO_SUCH_PROPERTY, f"{cls.name}.{name}: there is no such property")
    return row


def rows(cls: Class, names: Iterable[str]) -> list[Property]:
    """The properties of those names, none of them twice."""
    found: dict[str, Property] = {}
    for name in names:
        row = declared(cls, name)
        if row.name in found:
            raise invalid(f"{cls.name}.{row.name}: is given twice")
        found[row.name] = row
    return list(found.values())


def embedded(row: Property) -> str:
    """`instance` or `object` where a string holds one (DSP0201, EmbeddedObject), else nothing."""
    if row.qualifier("EmbeddedInstance"):
        return "instance"
    return "object" if row.qualifier("EmbeddedObject") else ""


def real(value: float) -> str:
    """A finite real as MOF and DSP0201 spell it: shortest, exact, with a digit after the point."""
    text = repr(value)
    if "e" in text and "." not in text:
        text = text.replace("e", ".0e")
    return text


def shown(value: Value) -> str:
    """A value in a message, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"


def mismatch(where: str, value: Value, type_: str) -> Error:
    """The refusal of a value that is not of its property's type (CIM_ERR_TYPE_MISMATCH)."""
    return Error(Status.TYPE_MISMATCH, f"{where}: {shown(value)} is not of type {type_}")
