# SPDX-License-Identifier: LGPL-2.1-or-later
"""Single values written as MOF (DSP0004, DSP0221)."""

from __future__ import annotations

import math
import re
from typing import Any, Callable

from ..cim import Instance, Path, Property, Value, invalid
from ..value import RANGES
from .common import embedded, mismatch, real

# Also what an editor or a terminal would not show, or a file in UTF-8 not hold.
_SPECIAL = re.compile("[\\\\\"\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")
_ESCAPES: dict[str, str] = {
    "\\": "\\\\", '"': '\\"', "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r",
}


def quoted(text: str) -> str:
    """A string literal that every MOF compiler reads back as the text."""
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    return _SPECIAL.sub(lambda found: _ESCAPES.get(found[0], f"\\x{ord(found[0]):04X}"), text)


def literal(
    row: Property, value: Value, where: str, nested: Callable[[Instance], str]
) -> str:
    """A value of a property as MOF; `nested` gives the text of an embedded instance."""
    if not row.is_array:
        return one(row, value, where, nested)
    if not isinstance(value, (list, tuple)):
        raise mismatch(where, value, f"{row.type}[]")
    items = ", ".join([one(row, each, where, nested) for each in value])
    return f"{{ {items} }}" if items else "{ }"


def one(row: Property, value: Value, where: str, nested: Callable[[Instance], str]) -> str:
    """A scalar, or an item of an array."""
    if value is None:
        return "NULL"
    if embedded(row):
        if not isinstance(value, Instance):
            raise mismatch(where, value, "instance")
        return quoted(nested(value))
    text = _WRITERS[row.type](value, row.type, where)
    if text is None:
        raise mismatch(where, value, row.type)
    return str(text)


def _string(value: Value, type_: str, where: str) -> Any:
    return quoted(value) if isinstance(value, str) else None


def _char16(value: Value, type_: str, where: str) -> Any:
    if not isinstance(value, str) or len(value) != 1 or value > "\uffff":
        return None
    text = "\\'" if value == "'" else value if value == '"' else _escaped(value)
    return f"'{text}'"


def _integer(value: Value, type_: str, where: str) -> Any:
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    low, high = RANGES[type_]
    if not low <= value <= high:
        raise invalid(f"{where}: {value} is outside {type_} ({low} to {high})")
    return f"{value:d}"


def _boolean(value: Value, type_: str, where: str) -> Any:
    return str(value).lower() if isinstance(value, bool) else None


def _real(value: Value, type_: str, where: str) -> Any:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return None
    number = float(value)
    if not math.isfinite(number):
        raise invalid(f"{where}: MOF has no {number}")
    return real(number)


def _reference(value: Value, type_: str, where: str) -> Any:
    return quoted(str(value)) if isinstance(value, (Path, str)) else None


_WRITERS: dict[str, Callable[[Value, str, str], Any]] = {
    "string": _string, "datetime": _string, "char16": _char16, "boolean": _boolean,
    "real32": _real, "real64": _real, "reference": _reference,
    **dict.fromkeys(RANGES, _integer),
}
