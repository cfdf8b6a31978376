# SPDX-License-Identifier: LGPL-2.1-or-later
"""Single values as CIM-XML text (DSP0201 2.4): written by a closure for each place, and read.

Knows how types are spelled and what XML cannot carry; nothing of classes.
"""

from __future__ import annotations

import math
import re
from typing import Any, Callable, NamedTuple, Optional

from ..cim import Error, Path, Value, invalid, parse_path
from ..tree import escaped, uncarried
from ..value import RANGES
from .common import mismatch, real, shown

Writer = Callable[[Value], str]

_CHANGED = b"\t\n\r"  # what XML would make spaces of
# Bytes of UTF-8 that begin what XML cannot carry; \xed and \xef begin others too.
_ODD = bytes(each for each in range(32) if each not in _CHANGED) + b"\xed\xef"
INTEGER = re.compile(r"[+-]?(?:\d{1,40}|0[xX][0-9a-fA-F]{1,40})", re.ASCII)
_REAL = re.compile(r"[+-]?(?:\d*\.?\d+(?:e[+-]?\d+)?|inf)|nan", re.ASCII)
_DATETIME = re.compile(r"[\d*]{14}\.[\d*]{6}[+\-:]\d{3}", re.ASCII)


def _table(looked_for: bytes) -> bytes:
    """A table for bytes.translate that changes just those bytes."""
    return bytes(each ^ 1 if each in looked_for else each for each in range(256))


SPECIAL = _table(_ODD + _CHANGED + b"&<>")
_ODD_TABLE = _table(_ODD)
_CHANGED_TABLE = _table(_ODD + _CHANGED)


def special(text: str) -> bool:
    """Whether a text may have something to escape; three times as fast as a pattern."""
    data = text.encode("utf-8", "surrogatepass")
    return data.translate(SPECIAL) != data


def carried(text: str, where: str) -> bytes:
    """Text in UTF-8; what XML cannot carry is CIM_ERR_INVALID_PARAMETER."""
    data = text.encode("utf-8", "surrogatepass")
    bad = None if data.translate(_ODD_TABLE) == data else uncarried(text)
    if bad:
        raise invalid(f"{where}: XML cannot carry the character U+{ord(bad):04X}")
    return data


def escape(text: str, where: str) -> str:
    """Text as an element's content; what XML cannot carry is CIM_ERR_INVALID_PARAMETER."""
    data = text.encode("utf-8", "surrogatepass")
    if data.translate(_CHANGED_TABLE) != data:  # else half of it need not be looked for
        carried(text, where)
        return escaped(text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def attribute(text: str, where: str) -> str:
    """Text as the value of an attribute, without the quotes around it."""
    return escape(text, where).replace('"', "&quot;")


class Frame(NamedTuple):
    """The text around a value, what stands for NULL (None: it is refused), and what is expected."""

    before: str
    after: str
    null: Optional[str]
    where: str
    type: str

    def other(self, value: Value) -> str:
        """What is written where a value is not of the type: NULL, or it is refused."""
        if value is None and self.null is not None:
            return self.null
        raise mismatch(self.where, value, self.type)


def writer(frame: Frame) -> Writer:
    """The writer of a value of the frame's type, one of CIM's but reference."""
    return _WRITERS[frame.type](frame)


def array(frame: Frame, item: Writer) -> Writer:
    """The writer of a list."""
    def write(value: Value) -> str:
        if not isinstance(value, (list, tuple)):
            return frame.other(value)
        return f"{frame.before}{''.join([item(each) for each in value])}{frame.after}"

    return write


def structure(frame: Frame, kind: Any, spelled: Callable[[Any], str]) -> Writer:
    """The writer of a Path, or its text, or an Instance that stands inside another instance."""
    def write(value: Value) -> str:
        if kind is Path and isinstance(value, str):
            value = _path(value, frame.where)
        if not isinstance(value, kind):
            return frame.other(value)
        return f"{frame.before}{spelled(value)}{frame.after}"

    return write


def _path(text: str, where: str) -> Path:
    try:
        return parse_path(text)
    except Error as error:
        raise invalid(f"{where}: {error}") from None


def _string(frame: Frame) -> Writer:
    before, after, _, where, _ = frame

    def write(value: Value) -> str:
        if not isinstance(value, str):
            return frame.other(value)
        return before + escape(value, where) + after  # as it is where those are empty

    return write


def _char16(frame: Frame) -> Writer:
    string = _string(frame)

    def write(value: Value) -> str:
        if isinstance(value, str) and (len(value) != 1 or value > "\uffff"):
            return frame.other(value)
        return string(value)

    return write


def _integer(frame: Frame) -> Writer:
    before, after, _, where, type_ = frame
    low, high = RANGES[type_]

    def write(value: Value) -> str:
        if type(value) is int and low <= value <= high:
            return f"{before}{value}{after}"
        if not isinstance(value, int) or isinstance(value, bool):
            return frame.other(value)
        if not low <= value <= high:
            raise invalid(f"{where}: {value} is outside {type_} ({low} to {high})")
        return f"{before}{value:d}{after}"

    return write


def _boolean(frame: Frame) -> Writer:
    texts = {each: f"{frame.before}{str(each).upper()}{frame.after}" for each in (True, False)}
    return lambda value: texts[value] if isinstance(value, bool) else frame.other(value)


def _real(frame: Frame) -> Writer:
    def write(value: Value) -> str:
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            return frame.other(value)
        number = float(value)
        text = real(number) if math.isfinite(number) else _not_finite(number)
        return f"{frame.before}{text}{frame.after}"

    return write


def _not_finite(number: float) -> str:
    return "NaN" if math.isnan(number) else "INF" if number > 0 else "-INF"


_WRITERS: dict[str, Callable[[Frame], Writer]] = {
    "string": _string, "datetime": _string, "char16": _char16, "boolean": _boolean,
    "real32": _real, "real64": _real, **dict.fromkeys(RANGES, _integer),
}


def read(text: str, type_: Optional[str], where: str) -> Value:
    """The value that a text is in one of CIM's types; without a type it is the text."""
    if type_ is None:
        return text
    if type_ in RANGES:
        return _read_integer(text, type_, where)
    reader = _READERS.get(type_)
    if reader is None:
        raise invalid(f"{where}: {type_!r} is not a type")
    value = reader(text)
    if value is None:
        raise invalid(f"{where}: {shown(text)} is not of type {type_}")
    return value


def _read_integer(text: str, type_: str, where: str) -> int:
    word = text.strip()
    if not INTEGER.fullmatch(word):
        raise invalid(f"{where}: {shown(text)} is not of type {type_}")
    number = int(word, 16) if "x" in word.lower() else int(word)
    low, high = RANGES[type_]
    if not low <= number <= high:
        raise invalid(f"{where}: {number} is outside {type_} ({low} to {high})")
    return number


def _read_real(text: str) -> Optional[float]:
    word = text.strip().lower()
    if not _REAL.fullmatch(word):
        return None
    number = float(word)
    return None if math.isinf(number) and "inf" not in word else number


def _read_char16(text: str) -> Optional[str]:
    return text if len(text) == 1 and text <= "\uffff" else None


_READERS: dict[str, Callable[[str], Any]] = {
    "string": lambda text: text,
    "char16": _read_char16,
    "datetime": lambda text: text if _DATETIME.fullmatch(text) else None,
    "boolean": lambda text: {"true": True, "false": False}.get(text.strip().lower()),
    "real32": _read_real,
    "real64": _read_real,
}
