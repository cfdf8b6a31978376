# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lens of an amount, in whatever unit it is named."""

from __future__ import annotations

from typing import Optional

from .cim import Value, invalid
from .leaf import Steps
from .lens import LeafLens, ensure, set_text
from .mark import Marks, Taker, note
from .tree import Element
from .value import amount, libvirt_unit
from .walk import Leaf, Out


class QuantityLens(LeafLens):
    """An amount and the @unit beside it, in CIM's unit; libvirt's unit if none is named.

    What is no whole number of libvirt's unit is rounded up to one, as libvirt does. The unit of a
    text is written with it. An attribute leaves a unit where it is and adds none.
    """

    def __init__(self, steps: Steps, unit: str, bytes_per_value: int, bits: int) -> None:
        super().__init__(steps)
        self.unit, self.factor = unit, bytes_per_value
        self.default = libvirt_unit(unit) or 1
        self.most = 2**bits - 1

    def _read(self, element: Element) -> Optional[int]:
        factor = libvirt_unit(element.get("unit") or self.unit)
        number = amount(self.text(element) or "")
        if factor is None or number is None:
            return None
        whole = -(-number * factor // self.default)
        value = whole * self.default // self.factor
        return value if value <= self.most else None

    def leaf(self, name: str) -> Leaf:
        def action(element: Element, out: Out) -> None:
            value = self._read(element)
            if value is not None:
                out[name] = value

        return Leaf(self.parents, action=action)

    def written(self, value: int) -> str:
        """The amount in libvirt's unit, which must be a whole number."""
        amount, left = divmod(value * self.factor, self.default)
        if left:
            raise invalid(f"{value * self.factor} bytes are not a whole number of {self.unit}")
        return str(amount)

    def put(self, node: Element, value: Value) -> None:
        if value is None:
            self.remove(node, "unit")
            return
        text = self.written(value)
        element = ensure(node, self.parents)
        set_text(element, self.attribute, text)
        if self.attribute is None or "unit" in element.attrib:
            element.set("unit", self.unit)

    def taker(self) -> Taker:
        return Taker(self.parents, action=self._take)

    def _take(self, element: Element, marks: Marks) -> bool:
        value = self._read(element)
        units = (self.unit,) if self.attribute is None else (self.unit, None)
        if value is None or element.get("unit") not in units:
            return False
        if value * self.factor % self.default or self.written(value) != self.text(element):
            return False
        note(marks, element, self.attribute)
        if self.attribute is None:
            note(marks, element, "unit")
        return True
