# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lenses: one expression made to get, put and take at a node.

`get` reads a value, `put` writes one, `take` removes from a copy what `put` of the value read
would write again exactly, and notes the elements it touched. Knows elements, not classes.
"""

from __future__ import annotations

from typing import Any, Optional

from . import tree
from .cim import Error, Value, invalid
from .expression import Location, Step
from .tree import Element
from .value import Converter, amount, libvirt_unit
from .walk import Leaf, Out, holds

Touched = dict[Element, set[str]]  # element to the attributes that only a test asks for
Steps = tuple[Step, ...]
LeafKey = tuple[Any, ...]


# elements

def at(node: Element, steps: Steps) -> Optional[Element]:
    """The element that steps lead to: the first of each name whose test holds."""
    for step in steps:
        if step.kind == "parent":
            node = node.getparent()
        elif step.kind == "self":
            node = node if node.tag == step.name and holds(node, step.test) else None
        else:
            found = node.iterchildren("*" if step.kind == "any" else step.name)
            node = next((child for child in found if holds(child, step.test)), None)
        if node is None:
            return None
    return node


def ensure(node: Element, steps: Steps) -> Element:
    """The element that steps lead to, made where it is missing, with what its test asserts."""
    for step in steps:
        found = at(node, (step,))
        if found is None:
            found = append(node, step.name)
            if step.test:
                found.set(step.test[0], step.test[1] or "")
        node = found
    return node


def append(parent: Element, tag: str) -> Element:
    """A new child behind the last of its name, or at the end."""
    last = next(parent.iterchildren(tag, reversed=True), None)
    child = parent.makeelement(tag)
    if last is None:
        parent.append(child)
    else:
        child.tail, last.tail = last.tail, None
        last.addnext(child)
    return child


def split_leaf(steps: Steps) -> tuple[Steps, Optional[str]]:
    """The steps to an element, and the attribute that a path ends in, or None for its text."""
    if steps and steps[-1].kind == "attribute":
        return steps[:-1], steps[-1].name
    return steps, None


def leaf_text(node: Element, steps: Steps) -> Optional[str]:
    """The text of the leaf a path leads to, or None where there is none."""
    parents, attribute = split_leaf(steps)
    element = at(node, parents)
    if element is None:
        return None
    return element.text or "" if attribute is None else element.get(attribute)


def located(node: Element, root: Element, location: Location) -> Optional[str]:
    """The text at a path that may begin at the root."""
    if not location.absolute:
        return leaf_text(node, location.steps)
    if location.steps[0].name != root.tag:
        return None
    return leaf_text(root, location.steps[1:])


def set_text(element: Element, attribute: Optional[str], text: Optional[str]) -> None:
    """Set or remove an element's attribute, or its own text."""
    if attribute is None:
        element.text = text
    elif text is None:
        element.attrib.pop(attribute, None)
    else:
        element.set(attribute, text)


def hollow(element: Element, soft: set[str]) -> bool:
    """Whether nothing is left in an element but attributes that a test asked for."""
    if len(element) or (element.text or "").strip():
        return False
    return not element.attrib or set(element.attrib) <= soft


def prune(node: Element, touched: Touched) -> None:
    """Drop the touched elements that are empty now, but for those whose position counts."""
    waiting = [element for element in touched if element is not node]
    changed = True
    while changed:
        changed = False
        for element in list(waiting):
            parent = element.getparent()
            if not hollow(element, touched[element]):
                continue
            if parent is None or next(element.itersiblings(element.tag), None) is not None:
                continue
            waiting.remove(element)
            tree.remove(element)
            changed = True
            if parent is not node and parent not in touched:
                touched[parent] = set()
                waiting.append(parent)


def soft(steps: Steps) -> set[str]:
    """The attribute that the last step's test asks for, as the soft attributes of its element."""
    return {steps[-1].test[0]} if steps and steps[-1].test else set()


def touch(touched: Touched, element: Element, steps: Steps) -> None:
    """Note an element from which something was taken."""
    touched.setdefault(element, set()).update(soft(steps))


class Lens:
    """One row on one node. `keys` are the leaves it reads, by which owners are found."""

    writable = True
    keys: tuple[LeafKey, ...] = ()

    def leaf(self, name: str) -> Leaf:
        """How the shared walk reads it."""
        raise NotImplementedError

    def put(self, node: Element, value: Value) -> None:
        """Write a value that differs from what is read; None removes."""
        raise NotImplementedError

    def take(self, node: Element, touched: Touched) -> None:
        """Remove from a copy what put would write again exactly."""
        raise NotImplementedError


class TextLens(Lens):
    """An attribute or the text of an element."""

    def __init__(self, steps: Steps, converter: Optional[Converter]) -> None:
        self.parents, self.attribute = split_leaf(steps)
        self.converter = converter
        self.keys = ((self.parents, self.attribute),)

    def leaf(self, name: str) -> Leaf:
        read = self.converter.read if self.converter else None
        if self.attribute is not None:
            return Leaf(self.parents, attribute=(self.attribute, name, read))

        def action(element: Element, out: Out) -> None:
            text = element.text or ""
            value = read(text) if read else text
            if value is not None:
                out[name] = value

        return Leaf(self.parents, action=action)

    def put(self, node: Element, value: Value) -> None:
        if value is None:
            self._remove(node)
        else:
            text = self.converter.write(value) if self.converter else value
            set_text(ensure(node, self.parents), self.attribute, text)

    def _remove(self, node: Element) -> None:
        element = at(node, self.parents)
        if element is not None:
            set_text(element, self.attribute, None)
            prune(node, {element: soft(self.parents)})

    def exact(self, text: str) -> bool:
        """Whether writing what a text means gives that very text."""
        if self.converter is None:
            return True
        value = self.converter.read(text)
        try:
            return value is not None and self.converter.write(value) == text
        except Error:
            return False

    def take(self, node: Element, touched: Touched) -> None:
        element = at(node, self.parents)
        if element is None:
            return
        text = element.get(self.attribute) if self.attribute else element.text or ""
        if text is not None and self.exact(text):
            set_text(element, self.attribute, None)
            touch(touched, element, self.parents)


class QuantityLens(Lens):
    """An amount: text and @unit of an element, in CIM's unit; libvirt's unit if none is named."""

    def __init__(self, steps: Steps, unit: str, bytes_per_value: int) -> None:
        self.parents, self.attribute = split_leaf(steps)
        self.unit, self.factor = unit, bytes_per_value
        self.keys = ((self.parents, self.attribute),)

    def _read(self, element: Element) -> Optional[int]:
        text = (element.get(self.attribute) if self.attribute else element.text) or ""
        named = self._unit_of(element)
        factor = libvirt_unit(named or self.unit)
        number = amount(text)
        return None if factor is None or number is None else number * factor // self.factor

    def _unit_of(self, element: Element) -> Optional[str]:
        return None if self.attribute else element.get("unit")

    def leaf(self, name: str) -> Leaf:
        def action(element: Element, out: Out) -> None:
            value = self._read(element)
            if value is not None and value < 2**64:
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
                self._set_unit(element, None)
                prune(node, {element: soft(self.parents)})
            return
        text = self.text(value)
        element = ensure(node, self.parents)
        set_text(element, self.attribute, text)
        self._set_unit(element, self.unit)

    def _set_unit(self, element: Element, unit: Optional[str]) -> None:
        if self.attribute is None:
            set_text(element, "unit", unit)

    def take(self, node: Element, touched: Touched) -> None:
        element = at(node, self.parents)
        if element is None:
            return
        value = self._read(element)
        text = element.get(self.attribute) if self.attribute else element.text
        named = self._unit_of(element)
        if value is None or (self.attribute is None and named != self.unit):
            return
        if value * self.factor % (libvirt_unit(self.unit) or 1) == 0 and self.text(value) == text:
            set_text(element, self.attribute, None)
            self._set_unit(element, None)
            touch(touched, element, self.parents)
