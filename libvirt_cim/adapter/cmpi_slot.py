# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where values go in a server's objects, and what makes those values that need no server."""

from __future__ import annotations

from ctypes import byref
from typing import Any, Callable, NamedTuple

from ..cim import Path, invalid
from ..value import RANGES
from .cimxml_value import carried
from .cmpi_abi import CHARS, SIMPLE
from .cmpi_server import Given
from .common import mismatch

Making = Callable[[Any], Given]


class Slot(NamedTuple):
    """Where a value goes: its name, what makes the value, and the type that NULL has there."""

    name: bytes
    make: Making
    type: int
    where: str
    embedded: bool = False


def nothing(value: Any) -> Given:
    """NULL, of whatever type."""
    return None, 0


HIDDEN = Slot(b"", nothing, 0, "")


def text(value: Any, where: str) -> bytes:
    """A text as it is carried."""
    if not isinstance(value, str):
        raise mismatch(where, value, "string")
    return carried(value, where)


def chars(where: str) -> Making:
    """One text is given as it is; the pointer is that to its first character."""
    return lambda value: (text(value, where), CHARS)


def simple(type_: str, where: str) -> Making:
    """Numbers, booleans and characters of 16 bits."""
    kind, holder = SIMPLE[type_]
    if type_ in RANGES:
        low, high = RANGES[type_]

        def make(value: Any) -> Given:
            if not isinstance(value, int) or isinstance(value, bool):
                raise mismatch(where, value, type_)
            if not low <= value <= high:
                raise invalid(f"{where}: {value} is outside {type_} ({low} to {high})")
            return byref(holder(value)), kind

        return make
    wanted: Any = {"boolean": bool, "char16": str}.get(type_, (int, float))

    def other(value: Any) -> Given:
        if not isinstance(value, wanted) or isinstance(value, bool) != (type_ == "boolean"):
            raise mismatch(where, value, type_)
        return byref(holder(ord(value) if type_ == "char16" else value)), kind

    return other


def quoted(path: Path) -> bool:
    """Whether a key of a path has a quote in it."""
    return any(isinstance(each, str) and '"' in each for each in path.keys.values())
