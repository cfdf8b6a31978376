# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lenses of more than one leaf below a node: presence, attributes, templates."""

from __future__ import annotations

import re
from typing import Optional, Union

from . import tree
from .cim import Value, invalid
from .expression import Location
from .lens import (
    Lens,
    Steps,
    Touched,
    at,
    ensure,
    hollow,
    leaf_text,
    prune,
    set_text,
    soft,
    split_leaf,
    tidy,
    touch,
)
from .tree import Element
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
            tidy(node, parent, self.steps[:-1])

    def take(self, node: Element, touched: Touched) -> None:
        element = at(node, self.steps)
        if element is not None and hollow(element, soft(self.steps)):
            touch(touched, element, self.steps)


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
        texts = [part if isinstance(part, str) else None for part in parts]
        self.pattern = pattern(texts, hosts=True)
        self.hosts = {index for index, after in enumerate(texts[1:]) if (after or "")[:1] == ":"}

    def fill(self, element: Element) -> Optional[str]:
        """The text, or None where a leaf is missing."""
        texts = [part if isinstance(part, str) else leaf_text(element, part.steps)
                 for part in self.parts]
        if None in texts:
            return None
        return "".join(f"[{text}]" if index in self.hosts and ":" in (text or "") else text or ""
                       for index, text in enumerate(texts))

    def leaf(self, name: str) -> Leaf:
        def action(element: Element, out: Out) -> None:
            text = self.fill(element)
            if text is not None:
                out[name] = text

        return Leaf(self.steps, action=action)

    def put(self, node: Element, value: Value) -> None:
        if value is None:
            touched: Touched = {}
            self._remove(node, touched)
            prune(node, touched)
            return
        match = self.pattern.fullmatch(value)
        if match is None:
            raise invalid(f"{value!r} does not have the form {self.form()!r}")
        element = ensure(node, self.steps)
        for hole, text in zip(self.holes, _plain(match)):
            parents, attribute = split_leaf(hole)
            set_text(ensure(element, parents), attribute, text)

    def _remove(self, node: Element, touched: Touched) -> None:
        element = at(node, self.steps)
        for hole in self.holes if element is not None else ():
            parents, attribute = split_leaf(hole)
            target = at(element, parents)
            if target is not None:
                set_text(target, attribute, None)
                touch(touched, target, self.steps + parents)

    def form(self) -> str:
        """The template, for messages."""
        return "".join(part if isinstance(part, str) else "…" for part in self.parts)

    def take(self, node: Element, touched: Touched) -> None:
        element = at(node, self.steps)
        text = None if element is None else self.fill(element)
        match = self.pattern.fullmatch(text) if text is not None else None
        if match is not None and _plain(match) == [
            leaf_text(element, hole) for hole in self.holes
        ]:
            self._remove(node, touched)


def _plain(match: re.Match[str]) -> list[str]:
    """The texts of the holes, a host's address without its brackets."""
    return [text[1:-1] if re.fullmatch(_ADDRESS, text) else text for text in match.groups()]


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
