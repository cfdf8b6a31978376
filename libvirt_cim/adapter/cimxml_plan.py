# SPDX-License-Identifier: LGPL-2.1-or-later
"""The text of an INSTANCE with a gap for each value, shared by all that set the same properties.

Plain strings, which are most values, are looked through all at once. A property in which something
has to be escaped is looked at by itself from then on. Plans never change: threads may share them.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Callable, NamedTuple, Optional

from ..cim import Value
from .cimxml_value import SPECIAL, Writer, special


class Slot(NamedTuple):
    """A property's element: the text before and after its value, and how that is written."""

    before: str
    after: str
    write: Writer
    plain: bool  # a string with nothing to escape


class Plan(NamedTuple):
    """How instances of one class with the same properties are written.

    `fill` gives None where a plain string has something to escape, and a TypeError where it is
    none; from other values the writers' cim.Error.
    """

    before: str
    slots: Sequence[Slot]
    after: str
    fill: Callable[[list[Value]], Optional[str]]

    def marked(self, values: Sequence[Value]) -> Plan:
        """The same, but a string with something to escape, or that is none, is not plain."""
        slots = [
            slot._replace(plain=slot.plain and isinstance(value, str) and not special(value))
            for slot, value in zip(self.slots, values)
        ]
        return planned(self.before, slots, self.after)


def planned(before: str, slots: Sequence[Slot], after: str) -> Plan:
    """The plan for elements in an order, with a text before and after all of them."""
    pieces = [before]  # text, gap, text, gap, …, text
    for slot in slots:
        pieces[-1] += slot.before
        pieces += ["", slot.after]
    pieces[-1] += after
    strings = _getter([gap for gap, slot in enumerate(slots) if slot.plain])
    others = [(gap, slot.write) for gap, slot in enumerate(slots) if not slot.plain]
    join = "".join

    def fill(values: list[Value]) -> Optional[str]:
        data = join(strings(values)).encode("utf-8", "surrogatepass")
        if data.translate(SPECIAL) != data:
            return None
        for gap, write in others:
            values[gap] = write(values[gap])
        text = pieces[:]
        text[1::2] = values
        return join(text)

    return Plan(before, slots, after, fill)


def _getter(gaps: list[int]) -> Callable[[list[Value]], Sequence[str]]:
    if len(gaps) > 1:
        return itemgetter(*gaps)
    return lambda values: [values[gap] for gap in gaps]
