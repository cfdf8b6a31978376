# SPDX-License-Identifier: LGPL-2.1-or-later
"""Text with a gap for each value, shared by all instances and paths that set the same names.

Plain strings, which are most values, and lists of them are looked through all at once, and integers
are compared with their range. A value that is more than that (something has to be escaped) is
written by itself from then on. Plans never change: threads may share them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any, Callable, NamedTuple, Optional, Union

from ..cim import Error, Property, Value
from ..value import RANGES
from .cimxml_value import Writer, special
from .common import embedded

TEXT, TEXTS, NUMBER, OTHER = "text", "texts", "number", "other"
_ITEM = ("<VALUE>", "</VALUE>")
_BETWEEN = "</VALUE><VALUE>".join
Fill = Callable[[Iterable[Value]], Optional[str]]


class Slot(NamedTuple):
    """A value's element: the text before and after it, and how it is written."""

    before: str
    after: str
    write: Writer
    kind: str = OTHER  # TEXT, TEXTS: nothing of it has to be escaped; NUMBER: it is in the range
    range: tuple[int, int] = (0, 0)

    def marked(self, value: Value) -> Slot:
        """The same, but what is not of its kind is written by itself."""
        return self if _FITS[self.kind](value) else self._replace(kind=OTHER)

    @property
    def around(self) -> tuple[str, str]:
        """The text around what `fill` sets in."""
        if self.kind != TEXTS:
            return self.before, self.after
        return self.before + _ITEM[0], _ITEM[1] + self.after


_FITS: dict[str, Callable[[Any], bool]] = {
    TEXT: lambda value: isinstance(value, str) and not special(value),
    TEXTS: lambda value: type(value) is list and value != [] and all(map(_FITS[TEXT], value)),
    NUMBER: lambda value: type(value) is int,
    OTHER: lambda value: True,
}


def kind_of(row: Property) -> tuple[str, tuple[int, int]]:
    """The kind of a property's values as a rule, and the range of integers."""
    if row.type in ("string", "datetime") and not embedded(row):
        return (TEXTS if row.is_array else TEXT), (0, 0)
    if row.type in RANGES and not row.is_array:
        return NUMBER, RANGES[row.type]
    return OTHER, (0, 0)


class Plan(NamedTuple):
    """Texts and gaps in their order.

    `fill` is quick; it gives None where a value is not what its slot says, or is wrong.
    """

    parts: Sequence[Union[str, Slot]]
    fill: Fill

    def text(self, values: Sequence[Value]) -> str:
        """The same from any values; the writers' cim.Error tells which is wrong."""
        left = iter(values)
        return "".join([part if isinstance(part, str)
                        else f"{part.before}{part.write(next(left))}{part.after}"
                        for part in self.parts])

    def marked(self, values: Sequence[Value]) -> Plan:
        """The plan for values like those."""
        left = iter(values)
        return planned([part if isinstance(part, str) else part.marked(next(left))
                        for part in self.parts])


def planned(parts: Sequence[Union[str, Slot]]) -> Plan:
    """The plan of texts and gaps."""
    pieces, slots = [""], dict[int, Slot]()  # text, gap, text, gap, …, text
    for part in parts:
        if isinstance(part, str):
            pieces[-1] += part
        else:
            before, after = part.around
            pieces[-1] += before
            slots[len(pieces)] = part
            pieces += ["", after]
    return Plan(parts, _filler(pieces, slots))


def _filler(pieces: list[str], slots: dict[int, Slot]) -> Fill:
    join, texts, lists = "".join, _getter(_of(TEXT, slots)), _of(TEXTS, slots)
    numbers = [(gap, *slots[gap].range) for gap in _of(NUMBER, slots)]
    others = [(gap, slots[gap].write) for gap in _of(OTHER, slots)]

    def fill(values: Iterable[Value]) -> Optional[str]:
        text: list[Any] = pieces[:]
        text[1::2] = values
        try:
            plain = join(texts(text))
            for gap in lists:
                plain += join(text[gap])
                text[gap] = _BETWEEN(text[gap]) if text[gap] and type(text[gap]) is list else None
            if special(plain):
                return None
            for gap, low, high in numbers:
                value = text[gap]
                text[gap] = str(value) if type(value) is int and low <= value <= high else None
            for gap, write in others:
                text[gap] = write(text[gap])
            return join(text)
        except (TypeError, Error):  # join takes no None
            return None

    return fill


def _of(kind: str, slots: dict[int, Slot]) -> list[int]:
    return [gap for gap, slot in slots.items() if slot.kind == kind]


def _getter(gaps: list[int]) -> Callable[[list[Value]], Sequence[str]]:
    if len(gaps) > 1:
        return itemgetter(*gaps)
    return lambda values: [values[gap] for gap in gaps]
