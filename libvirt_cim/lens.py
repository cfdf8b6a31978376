# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lenses: one expression made to get, put and take at a node.

`get` reads a value, `put` writes one, `take` removes from a copy what `put` of the value read
would write again exactly, and notes the elements it touched. Knows elements, not classes.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Any, Optional

from . import tree
from .cim import Error, Value
from .expression import Location, Step
from .tree import Element
from .value import Converter
from .walk import Leaf, Out, holds

Touched = dict[Element, Set[str]]  # element to the attributes that only a test asks for
Steps = tuple[Step, ...]
LeafKey = tuple[Any, ...]
HARD: Set[str] = frozenset()  # no soft attributes


# elements

def at(node: Element, steps: Steps) -> Optional[Element]:
    """The element that steps lead to: the first of each name whose test holds."""
    for step in steps:
        if step.kind == "child":  # a loop here: lxml's own search takes longer to begin
            name, test = step.name, step.test
            for child in node:
                if child.tag == name and (test is None or holds(child, test)):
                    node = child
                    break
            else:
                return None
        elif step.kind == "parent":
            node = node.getparent()
        elif step.kind == "self":
            node = node if step.name in (node.tag, "*") and holds(node, step.test) else None
        else:
            found = (child for child in node.iterchildren("*") if holds(child, step.test))
            node = next(found, None)
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


def downward(steps: Steps) -> bool:
    """Whether steps lead from children to children only."""
    return all(step.kind == "child" for step in steps)


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


def hollow(element: Element, soft: Set[str]) -> bool:
    """Whether nothing is left in an element but attributes that a test asked for."""
    if len(element) or (element.text or "").strip():
        return False
    return not element.attrib or soft >= set(element.keys())


def prune(node: Element, touched: Touched, again: bool = False) -> None:
    """Drop the touched elements that are empty now, but for those whose position counts.

    `again`: they will be made again, each where its own row finds it.
    """
    waiting = [element for element in touched
               if element is not node and hollow(element, touched[element])]
    removed = True
    while removed:  # one that goes can empty its parent, and free the place of another
        removed, left = False, []
        for element in reversed(waiting):
            parent = element.getparent()
            if parent is None or _placed(element, again):
                left.append(element)
                continue
            tree.remove(element)
            removed = True
            if parent is not node and hollow(parent, touched.get(parent, HARD)):
                left.append(parent)
        waiting = left[::-1]


def _placed(element: Element, again: bool) -> bool:
    """Whether others of its name follow a hollow element, or stand before one that tests find."""
    if _followed(element):
        return True
    return again and bool(element.keys()) and next(
        element.itersiblings(element.tag, preceding=True), None) is not None


def _followed(element: Element) -> bool:
    """Whether another of its name follows; lxml's search takes long to begin, and few are far."""
    sibling = element.getnext()
    if sibling is None or sibling.tag == element.tag:
        return sibling is not None
    return (sibling.getnext() is not None
            and next(sibling.itersiblings(element.tag), None) is not None)


def soft(steps: Steps) -> Set[str]:
    """The attribute that the last step's test asserts, as the soft attributes of its element."""
    test = steps[-1].test if steps else None
    return HARD if test is None or test[1] is None else {test[0]}


def touch(touched: Touched, element: Element, steps: Steps) -> None:
    """Note an element from which something was taken, and those above it on the way there.

    An attribute is soft if all ways to the element assert it.
    """
    for step in reversed(steps):
        if step.kind == "parent":
            return
        own = HARD if step.test is None else soft((step,))
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

    def taker(self) -> Optional[Leaf]:
        """How the shared walk takes it; None where only `take` finds the way."""
        return None

    def normal(self, value: Value) -> Value:
        """A value that was sent as it will be read."""
        return value

    def put(self, node: Element, value: Value) -> None:
        """Write a value that differs from what is read; None removes."""
        raise NotImplementedError

    def take(self, node: Element, touched: Touched) -> None:
        """Remove from a copy what put would write again exactly."""
        raise NotImplementedError


def exact(converter: Optional[Converter], text: str) -> bool:
    """Whether writing what a text means gives that very text."""
    if converter is None:
        return True
    value = converter.read(text)
    try:
        return value is not None and converter.write(value) == text
    except Error:
        return False


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

    def taker(self) -> Optional[Leaf]:
        return Leaf(self.parents, action=self.take_at) if downward(self.parents) else None

    def take(self, node: Element, touched: Touched) -> None:
        element = at(node, self.parents)
        if element is not None:
            self.take_at(element, touched)

    def take_at(self, element: Element, touched: Touched) -> None:
        """`take` at the leaf's element."""
        raise NotImplementedError


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

    def take_at(self, element: Element, touched: Touched) -> None:
        text = element.get(self.attribute) if self.attribute else element.text or ""
        if text is None or (self.converter is not None and not exact(self.converter, text)):
            return
        if self.attribute:
            del element.attrib[self.attribute]
        else:
            element.text = None
        touch(touched, element, self.parents)
