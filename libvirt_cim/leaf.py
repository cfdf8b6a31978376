# SPDX-License-Identifier: LGPL-2.1-or-later
"""Leaves: the attribute or text that a path leads to from an element, and the element it is in."""

from __future__ import annotations

import operator
from typing import Callable, Optional

from .expression import Location, Step
from .tree import Element
from .walk import holds

Steps = tuple[Step, ...]


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
    return _text(node, *split_leaf(steps))


def _text(node: Element, parents: Steps, attribute: Optional[str]) -> Optional[str]:
    element = at(node, parents)
    if element is None:
        return None
    return element.text or "" if attribute is None else element.get(attribute)


def leaf_reader(steps: Steps) -> Callable[[Element], Optional[str]]:
    """`leaf_text` of a path that is read often."""
    parents, attribute = split_leaf(steps)
    if attribute is None or parents[1:] or any(s.kind != "child" or s.test for s in parents):
        return lambda node: _text(node, parents, attribute)
    if not parents:
        return operator.methodcaller("get", attribute)
    name = parents[0].name

    def read(node: Element) -> Optional[str]:
        for child in node:
            if child.tag == name:
                text: Optional[str] = child.get(attribute)
                return text
        return None

    return read


def located(node: Element, root: Element, location: Location) -> Optional[str]:
    """The text at a path that may begin at the root."""
    if not location.absolute:
        return leaf_text(node, location.steps)
    if location.steps[0].name != root.tag:
        return None
    return leaf_text(root, location.steps[1:])
