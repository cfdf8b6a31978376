# SPDX-License-Identifier: LGPL-2.1-or-later
"""Texts of libvirt's XML and values of CIM types, each turned into the other.

Knows types, tokens and units; not where a text stands.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Any, Callable, NamedTuple, Optional

from . import cim
from .cim import DATETIME, Instance, Path, Property, Value, invalid
from .tree import uncarried

NUMBER = ".."  # of a ValueMap with the token *: a number without a name means itself
RANGES = {
    f"{sign}int{bits}": (0, 2**bits - 1) if sign == "u" else (-(2 ** bits) // 2, 2**bits // 2 - 1)
    for sign in "us"
    for bits in (8, 16, 32, 64)
}
_INTEGER = re.compile(r"[ \t\r\n]*[+-]?[0-9]{1,40}[ \t\r\n]*")
_HEX = re.compile(r"0x[0-9A-Fa-f]{1,16}")


class Converter(NamedTuple):
    """One leaf's text to a value and back; a text that means nothing reads as None."""

    read: Callable[[str], Value]
    write: Callable[[Value], str]


def converter(row: Property) -> Optional[Converter]:
    """How a row's texts are read and written; None where the text is the value."""
    tokens = row.qualifier("Virt_Tokens")
    if tokens is not None:
        return _tokens(row, tokens)
    if row.type in RANGES:
        low, high = RANGES[row.type]
        return Converter(lambda text: _number(text, low, high), str)
    if row.type in ("real32", "real64"):
        return Converter(_real, repr)
    if row.type == "datetime":
        from . import moment  # few programs need Python's calendar

        return Converter(moment.read, moment.written)
    return None


def _integer(text: str, low: int, high: int) -> Optional[int]:
    if not _INTEGER.fullmatch(text):
        return None
    number = int(text)
    return number if low <= number <= high else None


def _number(text: str, low: int, high: int) -> Optional[int]:
    """The number of a text in decimal or, as libvirt writes a few, in hexadecimal."""
    if text.isdigit() and text.isascii() and len(text) < 20:  # as most are
        number = int(text)
        return number if low <= number <= high else None
    return _integer(str(int(text, 16)) if _HEX.fullmatch(text) else text, low, high)


def amount(text: str) -> Optional[int]:
    """The number that a text of digits is, blanks around it aside; None if it is no such text."""
    if text.isdigit() and text.isascii() and len(text) < 20:  # as most are
        return int(text)
    return _integer(text, 0, 2**64 - 1) if text.strip()[:1].isdigit() else None


def _real(text: str) -> Optional[float]:
    try:
        return float(text)
    except ValueError:
        return None


def meanings(row: Property) -> Sequence[Value]:
    """The values that a row's tokens stand for, in the order of Virt_Tokens."""
    if row.type == "boolean":
        return (True, False)
    mapped = row.qualifier("ValueMap") or ()
    return [int(each) if row.type in RANGES and each != NUMBER else each for each in mapped]


def _tokens(row: Property, tokens: Sequence[str]) -> Converter:
    values: dict[str, Value] = {}
    written: dict[Value, str] = {}
    for alternatives, value in zip(tokens, meanings(row)):
        for token in alternatives.split("|"):
            values.setdefault(token, value)
            if token != "*":
                written.setdefault(value, token)
    other = values.pop("*", None)
    if other == NUMBER:
        low, high = RANGES[row.type]
        return Converter(
            lambda text: values[text] if text in values else _number(text, low, high),
            lambda value: written.get(value, str(value)),
        )
    return Converter(
        lambda text: values.get(text, other),
        lambda value: _token(written, value),
    )


def _token(written: dict[Value, str], value: Value) -> str:
    if value not in written:
        legal = ", ".join(str(each) for each in written)
        raise invalid(f"{value!r} has no counterpart in libvirt; it has {legal}")
    return written[value]


# units

_POWERS = {prefix: power for power, prefix in enumerate(("", "k", "m", "g", "t", "p", "e"))}
_CIM_UNITS = {
    "bytes": 1, "byte": 1, "kilobytes": 2**10, "megabytes": 2**20, "gigabytes": 2**30,
    "terabytes": 2**40,
}
_PUNIT = re.compile(r"bytes?\s*\*\s*([1-9]\d{0,3})\s*\^\s*(\d{1,2})", re.ASCII)


@functools.lru_cache(maxsize=256)
@functools.lru_cache(maxsize=100)
def libvirt_unit(name: str) -> Optional[int]:
    """The bytes of a unit of libvirt (formatdomain, memory): b, KB, KiB, M, …, in any case."""
    low = name.lower()
    if low in ("b", "byte", "bytes"):
        return 1
    if low.endswith("ib") and low[:-2] in _POWERS and low[:-2]:
        return int(1024 ** _POWERS[low[:-2]])
    if low.endswith("b") and low[:-1] in _POWERS and low[:-1]:
        return int(1000 ** _POWERS[low[:-1]])
    return int(1024 ** _POWERS[low]) if low in _POWERS and low else None


def cim_unit(unit: Value) -> Optional[int]:
    """The bytes of a CIM unit: `KiloBytes`, a PUnit (`byte * 2^10`), or a number of bytes.

    libvirt's own units are understood too, as libvirt-cim handed them on.
    """
    if isinstance(unit, int):
        return unit if unit > 0 else None
    low = str(unit).strip().lower()
    power = _PUNIT.fullmatch(low)
    if power:
        return int(int(power[1]) ** int(power[2]))
    return _CIM_UNITS.get(low) or libvirt_unit(low)


# values from outside

def checked(row: Property, value: Value, where: str) -> Value:
    """The value as its type has it, or CIM_ERR_TYPE_MISMATCH or INVALID_PARAMETER naming it."""
    if value is None:
        return None
    if not row.is_array:
        return _scalar(row, value, where)
    if not isinstance(value, (list, tuple)):
        raise _mismatch(row, value, where)
    return [None if each is None else _scalar(row, each, where) for each in value]


def _scalar(row: Property, value: Value, where: str) -> Value:
    if row.type in RANGES:
        return _checked_integer(row, value, where)
    if row.type == "reference":
        return cim.parse_path(value) if isinstance(value, str) else _is(row, value, Path, where)
    if row.type == "boolean":
        return _is(row, value, bool, where)
    if row.type in ("real32", "real64"):
        return float(_is(row, value, (int, float), where))
    if row.qualifier("EmbeddedInstance") and isinstance(value, Instance):
        return value
    _is(row, value, str, where)
    if row.type == "datetime" and not DATETIME.fullmatch(value):
        raise invalid(f"{where}: {value!r} is not a datetime")
    bad = uncarried(value)
    if bad:
        raise invalid(f"{where}: XML cannot carry the character U+{ord(bad):04X}")
    return value


def _checked_integer(row: Property, value: Value, where: str) -> int:
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _mismatch(row, value, where)
    low, high = RANGES[row.type]
    if not low <= value <= high:
        raise invalid(f"{where}: {value} is outside {row.type} ({low} to {high})")
    return value


def _is(row: Property, value: Value, kind: Any, where: str) -> Value:
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise _mismatch(row, value, where)
    return value


def _mismatch(row: Property, value: Value, where: str) -> cim.Error:
    type_ = row.type + ("[]" if row.is_array else "")
    return cim.Error(cim.Status.TYPE_MISMATCH, f"{where}: {value!r} is not of type {type_}")
