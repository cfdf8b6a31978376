# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lens of an amount, in whatever unit it is named."""

from __future__ import annotations

from typing import Optional

from .cim import Value, invalid
from .lens import Lens, Steps, Touched, at, downward, ensure, set_text, split_leaf, tidy, touch
from .tree import Element
from .value import amount, libvirt_unit
from .walk import Leaf, Out


class QuantityLens(Lens):
    """An amount and the @unit beside it, in CIM's unit; libvirt's unit if none is named.

    The unit of a text is written with it. An attribute leaves a unit where it is and adds none.
    """

    def __init__(self, steps: Steps, unit: str, bytes_per_value: int) -> None:
        self.parents, self.attribute = split_leaf(steps)
        self.unit, self.factor = unit, bytes_per_value
        self.keys = ((self.parents, self.attribute),)

    def _read(self, element: Element) -> Optional[int]:
        text = (element.get(self.attribute) if self.attribute else element.text) or ""
        factor = libvirt_unit(element.get("unit") or self.unit)
        number = amount(text)
        if factor is None or number is None:
            return None
        value = number * factor // self.factor
        return value if value < 2**64 else None

    def leaf(self, name: str) -> Leaf:
        def action(element: Element, out: Out) -> None:
            value = self._read(element)
            if value is not None:
                out[name] = value

        return Leaf(self.parents, action=action)

    def text(self, value: int) -> str:
        """The amount in libvirt's unit, which must be a whole number."""
        default = libvirt_unit(self.unit) or 1
        amount, left = divmod(value * self.factor, default)
        if left:
            raise invalid(f"{value * self.factor} bytes are not a whole number of {self.unit}")
        return str(amount)

    def put(self, node: Element, value: Value) -> None:
        if value is None:
            element = at(node, self.parents)
            if element is not None:
                set_text(element, self.attribute, None)
                set_text(element, "unit", None)
                tidy(node, element, self.parents)
            return
        text = self.text(value)
        element = ensure(node, self.parents)
        set_text(element, self.attribute, text)
        if self.attribute is None or "unit" in element.attrib:
            element.set("unit", self.unit)

    def taker(self) -> Optional[Leaf]:
        return Leaf(self.parents, action=self._take) if downward(self.parents) else None

    def take(self, node: Element, touched: Touched) -> None:
        element = at(node, self.parents)
        if element is not None:
            self._take(element, touched)

    def _take(self, element: Element, touched: Touched) -> None:
        value = self._read(element)
        units = (self.unit,) if self.attribute is None else (self.unit, None)
        if value is None or element.get("unit") not in units:
            return
        text = element.get(self.attribute) if self.attribute else element.text
        if value * self.factor % (libvirt_unit(self.unit) or 1) == 0 and self.text(value) == text:
            set_text(element, self.attribute, None)
            if self.attribute is None:
                set_text(element, "unit", None)
            touch(touched, element, self.parents)
