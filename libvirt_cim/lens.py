# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lenses: one expression made to get, put and take at a node.

`leaf` says how the shared walk gets a value, `put` writes one, and `taker` says how what `put`
of the value read would write again exactly is left out. Knows elements, not classes.
"""

from __future__ import annotations

import functools
from collections.abc import Set
from typing import Any, Optional

from . import tree
from .cim import Error, Value
from .leaf import Steps, at, split_leaf
from .mark import HARD, Exact, Taker, asserted, hollow
from .tree import Element
from .value import Converter
from .walk import Leaf, Out

Touched = dict[Element, Set[str]]  # element to the attributes that only a test asks for
LeafKey = tuple[Any, ...]


# elements

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


def set_text(element: Element, attribute: Optional[str], text: Optional[str]) -> None:
    """Set or remove an element's attribute, or its own text."""
    if attribute is None:
        element.text = text
    elif text is None:
        element.attrib.pop(attribute, None)
    else:
        element.set(attribute, text)


def prune(node: Element, touched: Touched) -> None:
    """Drop the touched elements that are empty now, but for those whose position counts."""
    waiting = [element for element in touched
               if element is not node and hollow(element, touched[element])]
    removed = True
    while removed:  # one that goes can empty its parent, and free the place of another
        removed, left = False, []
        for element in reversed(waiting):
            parent = element.getparent()
            if parent is None or _followed(element):
                left.append(element)
                continue
            tree.remove(element)
            removed = True
            if parent is not node and hollow(parent, touched.get(parent, HARD)):
                left.append(parent)
        waiting = left[::-1]


def _followed(element: Element) -> bool:
    """Whether another of its name follows; lxml's search takes long to begin, and few are far."""
    sibling = element.getnext()
    if sibling is None or sibling.tag == element.tag:
        return sibling is not None
    return (sibling.getnext() is not None
            and next(sibling.itersiblings(element.tag), None) is not None)


def touch(touched: Touched, element: Element, steps: Steps) -> None:
    """Note an element from which something was taken, and those above it on the way there.

    An attribute is soft if all ways to the element assert it.
    """
    for step in reversed(steps):
        if step.kind == "parent":
            return
        own = asserted(step.test)
        touched[element] = touched.get(element, own) & own if own else HARD
        element = element.getparent()
    if not steps:
        touched[element] = HARD


def tidy(node: Element, element: Element, steps: Steps) -> None:
    """Drop an element from which something was removed, and those above it, if they are empty."""
    touched: Touched = {}
    touch(touched, element, steps)
    prune(node, touched)


class Lens:
    """One row on one node. `keys` are the leaves it reads, by which owners are found."""

    writable = True
    keys: tuple[LeafKey, ...] = ()
    tested = False  # whether by one of its leaves a path finds an element; then it takes nothing

    def leaf(self, name: str) -> Leaf:
        """How the shared walk reads it."""
        raise NotImplementedError

    def taker(self) -> Optional[Taker]:
        """What put would write again exactly."""
        raise NotImplementedError

    def normal(self, value: Value) -> Value:
        """A value that was sent as it will be read."""
        return value

    def put(self, node: Element, value: Value) -> None:
        """Write a value that differs from what is read; None removes."""
        raise NotImplementedError


def exact(converter: Optional[Converter]) -> Exact:
    """What tells whether writing what a text means gives that very text."""
    if converter is None:
        return None
    read, write = converter

    @functools.lru_cache(maxsize=100)  # few texts are many
    def same(text: str) -> bool:
        value = read(text)
        try:
            return value is not None and write(value) == text
        except Error:
            return False

    return same


class LeafLens(Lens):
    """A row on one leaf: an attribute or the text of an element."""

    def __init__(self, steps: Steps) -> None:
        self.parents, self.attribute = split_leaf(steps)
        self.keys = ((self.parents, self.attribute),)

    def text(self, element: Element) -> Optional[str]:
        """The leaf's text in its element; None where there is no such attribute."""
        text = element.get(self.attribute) if self.attribute else element.text or ""
        return None if text is None else str(text)

    def remove(self, node: Element, *beside: str) -> None:
        """Take the leaf out, those attributes beside it, and what is empty then."""
        element = at(node, self.parents)
        if element is not None:
            for attribute in (self.attribute, *beside):
                set_text(element, attribute, None)
            tidy(node, element, self.parents)


class TextLens(LeafLens):
    """A text, and what it means by a converter."""

    def __init__(self, steps: Steps, converter: Optional[Converter]) -> None:
        super().__init__(steps)
        self.converter = converter

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
            self.remove(node)
        else:
            text = self.converter.write(value) if self.converter else value
            set_text(ensure(node, self.parents), self.attribute, text)

    def taker(self) -> Taker:
        return Taker(self.parents, (self.attribute, exact(self.converter)))
