# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lenses of children that repeat: lists of leaves, and embedded instances."""

from __future__ import annotations

from typing import Callable, Optional, Protocol

from . import tree
from .cim import Instance, Value, invalid
from .leaf import Steps, at, split_leaf
from .lens import Lens, append, ensure, exact, prune, set_text, tidy
from .mark import GONE, Marks, Taker, note
from .tree import Element
from .value import Converter
from .walk import Leaf, Out


class ListLens(Lens):
    """One leaf of each child of a name. Lists on the same children are one group, a row each."""

    def __init__(self, steps: Steps, converter: Optional[Converter]) -> None:
        path, self.attribute = split_leaf(steps)
        self.parents, self.item = path[:-1], path[-1]
        self.converter, self.exact = converter, exact(converter)
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
        def action(element: Element, out: Out) -> None:
            if any(each.text(element) is not None for each in self.group):
                out.setdefault(name, []).append(self.meaning(self.text(element)))

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
        prune(node, {child: set() for child in children[len(values):]})

    def _put_item(self, child: Element, item: Value) -> None:
        current = self.meaning(self.text(child))
        if current == item:
            return
        if item is None:
            raise invalid("a list cannot hold NULL")
        set_text(child, self.attribute, self.converter.write(item) if self.converter else item)

    def taker(self) -> Optional[Taker]:
        return Taker(self.parents, action=self._take) if self is self.group[0] else None

    def _take(self, container: Element, marks: Marks) -> bool:
        """All leaves of all lists on the children, or none."""
        children = list(container.iterchildren(self.item.name))
        if any(each.tested for each in self.group) or not all(
                each._is_exact(child) for each in self.group for child in children):
            return False
        for child in children:
            for each in self.group:
                note(marks, child, each.attribute)
        return bool(children)

    def _is_exact(self, child: Element) -> bool:
        text = self.text(child)
        return text is not None and (self.exact is None or self.exact(text))


class Part(Protocol):
    """The table of an embedded class, as far as a lens asks it."""

    def normal(self, value: Value, tag: str) -> Instance:
        """An embedded instance that was sent, as it will be read."""

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

    def normal(self, value: Value) -> Value:
        if value is None:
            return None
        part = self.part()
        if not self.each:
            return part.normal(value, self.item.name)
        return [part.normal(each, self.item.name) for each in value]

    def put(self, node: Element, value: Value) -> None:
        values = [] if value is None else value if self.each else [value]
        part = self.part()
        children = self.children(node)
        for child, item in zip(children, values):
            if part.read_part(child) != item:
                self._replace(child, part.build_part(item, self.item.name))
        for item in values[len(children):]:
            place = append(ensure(node, self.parents), self.item.name)
            self._replace(place, part.build_part(item, self.item.name))
        for child in children[len(values):]:
            parent = child.getparent()
            tree.remove(child)
            tidy(node, parent, self.parents)

    @staticmethod
    def _replace(child: Element, new: Element) -> None:
        new.tail = child.tail
        child.getparent().replace(child, new)

    def taker(self) -> Taker:
        return Taker(self.parents, action=self._take)

    def _take(self, container: Element, marks: Marks) -> bool:
        children = list(container.iterchildren(self.item.name))
        if not self.each:
            children = [] if children[1:] else children  # the position of the first counts
        for child in children:
            marks[child] = GONE
        return bool(children)
