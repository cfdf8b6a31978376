# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lenses of more than one leaf below a node: presence, attributes, templates."""

from __future__ import annotations

import functools
import operator
import re
from typing import Callable, Optional, Union

from . import tree
from .cim import Value, invalid
from .expression import Location
from .leaf import Steps, at, leaf_reader, leaf_text, split_leaf
from .lens import Lens, Touched, ensure, prune, set_text, tidy, touch
from .mark import Marks, Taker, note
from .tree import Element
from .walk import Leaf


class PresenceLens(Lens):
    """Whether an element is there; making it NULL or absent removes it with all it holds."""

    def __init__(self, steps: Steps, present: Value, absent: Value) -> None:
        self.steps, self.present, self.absent = steps, present, absent
        self.keys = ((steps, "()"),)

    def leaf(self, name: str) -> Leaf:
        return Leaf(self.steps, value=(name, lambda element: self.present))

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
            tidy(node, parent, self.steps[:-1])

    def taker(self) -> Taker:
        return Taker(self.steps)


class AttributesLens(Lens):
    """Every attribute of an element: its names, or its values."""

    writable = False

    def __init__(self, steps: Steps, values: bool) -> None:
        self.steps, self.values = steps, values

    def leaf(self, name: str) -> Leaf:
        read = operator.methodcaller("values" if self.values else "keys")
        return Leaf(self.steps, value=(name, lambda element: read(element) or None))


class TemplateLens(Lens):
    """Text composed of leaves below an element, and taken apart again by a pattern."""

    def __init__(self, steps: Steps, parts: tuple[Union[str, Location], ...]) -> None:
        self.steps, self.parts = steps, parts
        self.holes = [part.steps for part in parts if isinstance(part, Location)]
        self.keys = tuple((steps + split_leaf(hole)[0], split_leaf(hole)[1]) for hole in self.holes)
        texts = [part if isinstance(part, str) else None for part in parts]
        self.pattern = pattern(texts, hosts=True)
        self.fill = _filler(parts)

    def leaf(self, name: str) -> Leaf:
        return Leaf(self.steps, value=(name, self.fill))

    def put(self, node: Element, value: Value) -> None:
        if value is None:
            element = at(node, self.steps)
            if element is not None:
                self._remove(element)
                tidy(node, element, self.steps)
            return
        match = self.pattern.fullmatch(value)
        if match is None:
            raise invalid(f"{value!r} does not have the form {self.form()!r}")
        element = ensure(node, self.steps)
        for hole, text in zip(self.holes, _plain(match)):
            parents, attribute = split_leaf(hole)
            set_text(ensure(element, parents), attribute, text)

    def _remove(self, element: Element) -> None:
        touched: Touched = {}
        for hole in self.holes:
            parents, attribute = split_leaf(hole)
            target = at(element, parents)
            if target is not None:
                set_text(target, attribute, None)
                touch(touched, target, parents)
        prune(element, touched)

    def form(self) -> str:
        """The template, for messages."""
        return "".join(part if isinstance(part, str) else "…" for part in self.parts)

    def taker(self) -> Taker:
        return Taker(self.steps, action=self._take)

    def _take(self, element: Element, marks: Marks) -> bool:
        text = self.fill(element)
        match = self.pattern.fullmatch(text) if text is not None else None
        if match is None or _plain(match) != [leaf_text(element, hole) for hole in self.holes]:
            return False
        for hole in self.holes:
            parents, attribute = split_leaf(hole)
            note(marks, at(element, parents), attribute, parents)
        return True


@functools.cache  # rows with one template are read together
def _filler(parts: tuple[Union[str, Location], ...]) -> Callable[[Element], Optional[str]]:
    """What composes the text of an element, or gives None where a leaf is missing."""
    readers, end = _readers(parts)

    def fill(element: Element) -> Optional[str]:
        whole = ""
        for before, read, host in readers:
            text = read(element)
            if text is None:
                return None
            whole += f"{before}[{text}]" if host and ":" in text else before + text
        return whole + end

    return fill


def _readers(parts: tuple[Union[str, Location], ...]
             ) -> tuple[list[tuple[str, Callable[[Element], Optional[str]], bool]], str]:
    """For each hole the text before it, what reads it, and whether it is a host's address; the end.
    """
    readers, before = [], ""
    for part, after in zip(parts, (*parts[1:], "")):
        if isinstance(part, str):
            before += part
        else:
            host = isinstance(after, str) and after.startswith(":")
            readers.append((before, leaf_reader(part.steps), host))
            before = ""
    return readers, before


def _plain(match: re.Match[str]) -> list[str]:
    """The texts of the holes, a host's address without its brackets."""
    return [text[1:-1] if text[:1] == "[" and re.fullmatch(_ADDRESS, text) else text
            for text in match.groups()]


_ADDRESS = r"\[[^\[\]]*:[^\[\]]*\]"  # of IPv6, which has colons, before a colon


def pattern(parts: list[Optional[str]], hosts: bool = False) -> re.Pattern[str]:
    """What takes a template apart: a hole excludes the character behind it, the last takes all.

    `hosts`: before a colon a text with colons stands in brackets.
    """
    text = ""
    for part, after in zip(parts, [*parts[1:], None]):
        if part is not None:
            text += re.escape(part)
        elif hosts and after and after[0] == ":":
            text += f"({_ADDRESS}|[^:]*)"
        else:
            text += f"([^{re.escape(after[0])}]*)" if after else "(.*)"
    return re.compile(text, re.DOTALL)
