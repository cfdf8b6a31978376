# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lenses of more than one leaf: presence, attributes, templates, lists, embedded instances."""

from __future__ import annotations

import re
from typing import Callable, Optional, Protocol, Union

from . import tree
from .cim import Error, Instance, Value, invalid
from .expression import Location
from .lens import (
    Lens,
    Steps,
    Touched,
    append,
    at,
    ensure,
    leaf_text,
    prune,
    set_text,
    soft,
    split_leaf,
    touch,
)
from .tree import Element
from .value import Converter
from .walk import Leaf, Out


class PresenceLens(Lens):
    """Whether an element is there; making it NULL or absent removes it with all it holds."""

    def __init__(self, steps: Steps, present: Value, absent: Value) -> None:
        self.steps, self.present, self.absent = steps, present, absent
        self.keys = ((steps, "()"),)

    def leaf(self, name: str) -> Leaf:
        def action(element: Element, out: Out) -> None:
            out[name] = self.present

        return Leaf(self.steps, action=action)

    def put(self, node: Element, value: Value) -> None:
        if value == self.present:
            ensure(node, self.steps)
            return
        if value not in (self.absent, None):
            raise invalid(f"{value!r} has no counterpart in libvirt")
        element = at(node, self.steps)
        if element is not None:
            parent = element.getparent()
            tree.remove(element)
            if parent is not node:
                prune(node, {parent: set()})

    def take(self, node: Element, touched: Touched) -> None:
        element = at(node, self.steps)
        if element is not None and tree.empty(element):
            touch(touched, element, ())


class AttributesLens(Lens):
    """Every attribute of an element: its names, or its values."""

    writable = False

    def __init__(self, steps: Steps, values: bool) -> None:
        self.steps, self.values = steps, values

    def leaf(self, name: str) -> Leaf:
        def action(element: Element, out: Out) -> None:
            if element.attrib:
                out[name] = element.attrib.values() if self.values else element.attrib.keys()

        return Leaf(self.steps, action=action)


class TemplateLens(Lens):
    """Text composed of leaves below an element, and taken apart again by a pattern."""

    def __init__(self, steps: Steps, parts: tuple[Union[str, Location], ...]) -> None:
        self.steps, self.parts = steps, parts
        self.holes = [part.steps for part in parts if isinstance(part, Location)]
        self.keys = tuple((steps + split_leaf(hole)[0], split_leaf(hole)[1]) for hole in self.holes)
        self.pattern = pattern([part if isinstance(part, str) else None for part in parts])

    def fill(self, element: Element) -> Optional[str]:
        """The text, or None where a leaf is missing."""
        texts = [part if isinstance(part, str) else leaf_text(element, part.steps)
                 for part in self.parts]
        return None if None in texts else "".join(text or "" for text in texts)

    def leaf(self, name: str) -> Leaf:
        def action(element: Element, out: Out) -> None:
            text = self.fill(element)
            if text is not None:
                out[name] = text

        return Leaf(self.steps, action=action)

    def put(self, node: Element, value: Value) -> None:
        match = self.pattern.fullmatch(value) if value is not None else None
        if value is not None and match is None:
            raise invalid(f"{value!r} does not have the form {self.form()!r}")
        texts = match.groups() if match else [None] * len(self.holes)
        element = ensure(node, self.steps) if match else at(node, self.steps)
        for hole, text in zip(self.holes, texts):
            parents, attribute = split_leaf(hole)
            target = ensure(element, parents) if match else element and at(element, parents)
            if target is not None:
                set_text(target, attribute, text)
        if match is None and element is not None:
            prune(node, {element: soft(self.steps)})

    def form(self) -> str:
        """The template, for messages."""
        return "".join(part if isinstance(part, str) else "…" for part in self.parts)

    def take(self, node: Element, touched: Touched) -> None:
        element = at(node, self.steps)
        text = None if element is None else self.fill(element)
        match = self.pattern.fullmatch(text) if text is not None else None
        if match is None or list(match.groups()) != [leaf_text(element, h) for h in self.holes]:
            return
        for hole in self.holes:
            parents, attribute = split_leaf(hole)
            target = at(element, parents)
            set_text(target, attribute, None)
            touch(touched, target, self.steps + parents)


def pattern(parts: list[Optional[str]]) -> re.Pattern[str]:
    """What takes a template apart: a hole excludes the character behind it, the last takes all."""
    text = ""
    for part, after in zip(parts, [*parts[1:], None]):
        if part is not None:
            text += re.escape(part)
        else:
            text += f"([^{re.escape(after[0])}]*)" if after else "(.*)"
    return re.compile(text, re.DOTALL)


class ListLens(Lens):
    """One leaf of each child of a name. Lists on the same children are one group, a row each."""

    def __init__(self, steps: Steps, converter: Optional[Converter]) -> None:
        path, self.attribute = split_leaf(steps)
        self.parents, self.item = path[:-1], path[-1]
        self.converter = converter
        self.group: list[ListLens] = [self]
        self.keys = ((path, self.attribute),)

    def text(self, child: Element) -> Optional[str]:
        """The leaf's text in one child."""
        text = child.get(self.attribute) if self.attribute else child.text or ""
        return None if text is None else str(text)

    def meaning(self, text: Optional[str]) -> Value:
        """What the text in one child means."""
        return self.converter.read(text) if self.converter and text is not None else text

    def leaf(self, name: str) -> Leaf:
        group = self.group

        def action(element: Element, out: Out) -> None:
            if len(group) == 1 or all(each.text(element) is not None for each in group):
                text = self.text(element)
                if text is not None:
                    out.setdefault(name, []).append(self.meaning(text))

        return Leaf((*self.parents, self.item), action=action, each=True)

    def children(self, node: Element) -> list[Element]:
        """All children of the name."""
        container = at(node, self.parents)
        return [] if container is None else list(container.iterchildren(self.item.name))

    def put(self, node: Element, value: Value) -> None:
        values = value or []
        children = self.children(node)
        filled = [child for child in children
                  if any(each.text(child) is not None for each in self.group)]
        children = filled or children
        container = ensure(node, self.parents) if values else at(node, self.parents)
        for _ in values[len(children):]:
            children.append(append(container, self.item.name))
        for child, item in zip(children, values):
            self._put_item(child, item)
        for child in children[len(values):]:
            set_text(child, self.attribute, None)
            prune(node, {child: set()})

    def _put_item(self, child: Element, item: Value) -> None:
        current = self.text(child)
        if current is not None and self.meaning(current) == item and child.tag:
            if item is not None:
                return
        if item is None:
            if current is None:
                raise invalid("a list cannot hold NULL")
            return
        set_text(child, self.attribute, self.converter.write(item) if self.converter else item)

    def _exact(self, child: Element) -> bool:
        text = self.text(child)
        if text is None:
            return False
        value = self.meaning(text)
        try:
            return value is not None and (
                self.converter is None or self.converter.write(value) == text
            )
        except Error:
            return False

    def take(self, node: Element, touched: Touched) -> None:
        if self is not self.group[0]:
            return
        children = self.children(node)
        if all(each._exact(child) for each in self.group for child in children):
            for child in children:
                for each in self.group:
                    set_text(child, each.attribute, None)
                touch(touched, child, ())


class Part(Protocol):
    """The table of an embedded class, as far as a lens asks it."""

    def read_part(self, element: Element) -> Instance:
        """The embedded instance of an element."""

    def build_part(self, instance: Instance, tag: str) -> Element:
        """The element of an embedded instance."""


class EmbeddedLens(Lens):
    """A child, or every child of a name, as embedded instances; each has the rest of its own."""

    def __init__(self, steps: Steps, part: Callable[[], Part], each: bool) -> None:
        self.parents, self.item, self.part, self.each = steps[:-1], steps[-1], part, each
        self.keys = ((steps, "()"),)

    def leaf(self, name: str) -> Leaf:
        part = self.part()

        def action(element: Element, out: Out) -> None:
            if self.each:
                out.setdefault(name, []).append(part.read_part(element))
            else:
                out[name] = part.read_part(element)

        return Leaf((*self.parents, self.item), action=action, each=self.each)

    def children(self, node: Element) -> list[Element]:
        """The children that the row stands for."""
        container = at(node, self.parents)
        found = [] if container is None else list(container.iterchildren(self.item.name))
        return found if self.each else found[:1]

    def put(self, node: Element, value: Value) -> None:
        values = [] if value is None else value if self.each else [value]
        part = self.part()
        children = self.children(node)
        for child, item in zip(children, values):
            if part.read_part(child) != item:
                child.getparent().replace(child, part.build_part(item, self.item.name))
        for item in values[len(children):]:
            place = append(ensure(node, self.parents), self.item.name)
            place.getparent().replace(place, part.build_part(item, self.item.name))
        for child in children[len(values):]:
            parent = child.getparent()
            tree.remove(child)
            prune(node, {parent: soft(self.parents)})

    def take(self, node: Element, touched: Touched) -> None:
        children = self.children(node)
        for child in children:
            if not self.each and next(child.itersiblings(self.item.name), None) is not None:
                return  # its position counts
            touch(touched, child.getparent(), self.parents)
            tree.remove(child)
