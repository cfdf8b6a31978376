# SPDX-License-Identifier: LGPL-2.1-or-later
"""Text with a gap for each value, shared by all instances and paths that set the same names.

Plain strings, which are most values, are looked through all at once, and integers are compared with
their range. A value that is more than that (something has to be escaped) is written by itself from
then on. Plans never change: threads may share them.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Callable, NamedTuple, Optional, Union

from ..cim import Error, Value
from .cimxml_value import SPECIAL, Writer, special


class Slot(NamedTuple):
    """A value's element: the text before and after it, and how it is written."""

    before: str
    after: str
    write: Writer
    plain: bool  # a string with nothing to escape
    range: Optional[tuple[int, int]] = None  # an integer no less and no more than those

    def marked(self, value: Value) -> Slot:
        """The same, but what is not plain, or no integer, is written by itself."""
        plain = self.plain and isinstance(value, str) and not special(value)
        return self._replace(plain=plain, range=self.range if type(value) is int else None)


class Plan(NamedTuple):
    """Texts and gaps in their order.

    `fill` is quick; it gives None where a value is not what its slot says, or is wrong.
    """

    parts: Sequence[Union[str, Slot]]
    fill: Callable[[list[Value]], Optional[str]]

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
    pieces, slots = [""], []  # text, gap, text, gap, …, text
    for part in parts:
        if isinstance(part, str):
            pieces[-1] += part
        else:
            pieces[-1] += part.before
            pieces += ["", part.after]
            slots.append(part)
    return Plan(parts, _filler(pieces, slots))


def _filler(pieces: list[str], slots: Sequence[Slot]) -> Callable[[list[Value]], Optional[str]]:
    join, strings = "".join, _getter([gap for gap, slot in enumerate(slots) if slot.plain])
    numbers = [(gap, *slot.range) for gap, slot in enumerate(slots) if slot.range]
    others = [(gap, slot.write) for gap, slot in enumerate(slots)
              if not slot.plain and not slot.range]

    def fill(values: list[Value]) -> Optional[str]:
        try:
            data = join(strings(values)).encode("utf-8", "surrogatepass")
            if data.translate(SPECIAL) != data:
                return None
            for gap, low, high in numbers:
                value = values[gap]
                if type(value) is not int or not low <= value <= high:
                    return None
                values[gap] = str(value)
            for gap, write in others:
                values[gap] = write(values[gap])
        except (TypeError, Error):
            return None
        text = pieces[:]
        text[1::2] = values
        return join(text)

    return fill


def _getter(gaps: list[int]) -> Callable[[list[Value]], Sequence[str]]:
    if len(gaps) > 1:
        return itemgetter(*gaps)
    return lambda values: [values[gap] for gap in gaps]
