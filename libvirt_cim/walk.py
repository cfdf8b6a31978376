# SPDX-License-Identifier: LGPL-2.1-or-later
"""One shared walk: every leaf that a set of rows reads, in a single pass over an element.

Rows are grouped by the element they stand in; children are visited once and found by their tag.
The first child of a name (whose test holds) is the one that counts, as lens.py's `at` has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Callable, NamedTuple, Optional

from .cim import Value
from .expression import Step
from .tree import Element

Out = dict[str, Value]
Walk = Callable[[Element, Any], None]  # with what was read, or touched, so far
Read = Optional[Callable[[str], Value]]
Whole = Callable[[Element], Value]


class Leaf(NamedTuple):
    """What one row reads: the elements down to it, and what to do there."""

    steps: tuple[Step, ...]
    attribute: Optional[tuple[str, str, Read]] = None  # its name, the property, the reading
    value: Optional[tuple[str, Whole]] = None  # a property, and what reads it of the whole element
    action: Optional[Walk] = None  # anything else that is read from the element
    each: bool = False  # the last step repeats: the action is done for every such child


class _Group(NamedTuple):
    """The children of one name, under one test: all of them or the first."""

    test: Optional[tuple[str, Optional[str]]]
    each: bool
    leaves: list[Leaf]


def compile_walk(leaves: list[Leaf]) -> Walk:
    """The walk that reads all leaves below (or at) the element it is given."""
    attributes = [leaf.attribute for leaf in leaves if not leaf.steps and leaf.attribute]
    values = [leaf.value for leaf in leaves if not leaf.steps and leaf.value]
    actions = [*_attributes(attributes), *_values(values),
               *(leaf.action for leaf in leaves if not leaf.steps and leaf.action)]
    firsts, several = _children([leaf for leaf in leaves if leaf.steps])
    if several:
        return _with_children(actions, firsts, several)
    if firsts:
        return _with_firsts(actions, firsts)
    return _all(actions)


def _all(actions: Sequence[Walk]) -> Walk:
    """The walk that does actions at an element."""
    if len(actions) == 1:
        return actions[0]

    def walk(element: Element, out: Out) -> None:
        for action in actions:
            action(element, out)

    return walk


def _children(
    leaves: list[Leaf],
) -> tuple[dict[str, Walk], dict[str, list[tuple[_Group, Walk]]]]:
    """By tag: the walks of first children, and of those that need a test or are visited all."""
    groups: dict[str, dict[Any, _Group]] = {}
    for leaf in leaves:
        step, below = leaf.steps[0], leaf.steps[1:]
        each = leaf.each and not below
        group = groups.setdefault(step.name, {}).setdefault(
            (step.test, each), _Group(step.test, each, [])
        )
        group.leaves.append(leaf._replace(steps=below))
    firsts: dict[str, Walk] = {}
    several: dict[str, list[tuple[_Group, Walk]]] = {}
    for tag, by_test in groups.items():
        if list(by_test) == [(None, False)]:
            firsts[tag] = compile_walk(by_test[(None, False)].leaves)
        else:
            several[tag] = [(group, compile_walk(group.leaves)) for group in by_test.values()]
    return firsts, several


def _attributes(attributes: Sequence[tuple[str, str, Read]]) -> list[Walk]:
    """The walk that reads attributes, if there are any to read."""
    rows: dict[str, list[tuple[str, Read]]] = {}
    for attribute, name, read in attributes:
        rows.setdefault(attribute, []).append((name, read))
    if len(attributes) < 2:
        return [_attribute(*each) for each in attributes]
    first = {attribute: each[0] for attribute, each in rows.items()}
    further = {attribute: each[1:] for attribute, each in rows.items() if each[1:]}

    def walk(element: Element, out: Out) -> None:
        for attribute, text in element.items():  # most that may be there are not
            row = first.get(attribute)
            if row is not None:
                name, read = row
                value = text if read is None else read(text)
                if value is not None:
                    out[name] = value
                for name, read in further.get(attribute, ()) if further else ():
                    value = text if read is None else read(text)
                    if value is not None:
                        out[name] = value

    return [walk]


def _attribute(attribute: str, name: str, read: Read) -> Walk:
    """The walk that reads one attribute."""
    def walk(element: Element, out: Out) -> None:
        text = element.get(attribute)
        if text is not None:
            value = text if read is None else read(text)
            if value is not None:
                out[name] = value

    return walk


def _values(values: Sequence[tuple[str, Whole]]) -> list[Walk]:
    """The walk that reads values of the whole element, each once for all of its properties."""
    rows: dict[Whole, list[str]] = {}
    for name, read in values:
        rows.setdefault(read, []).append(name)
    readings = list(rows.items())

    def walk(element: Element, out: Out) -> None:
        for read, names in readings:
            value = read(element)
            if value is not None:
                for name in names:
                    out[name] = value

    return [walk] if readings else []


def _with_firsts(actions: Sequence[Walk], firsts: dict[str, Walk]) -> Walk:
    """The walk that does actions at an element, and visits first children of some names."""
    def walk(element: Element, out: Out) -> None:
        for action in actions:
            action(element, out)
        if len(element):
            waiting = firsts.copy()
            for child in element:
                visit = waiting.pop(child.tag, None)
                if visit is not None:
                    visit(child, out)
                    if not waiting:
                        break

    return walk


def _with_children(actions: Sequence[Walk], firsts: dict[str, Walk],
                   several: dict[str, list[tuple[_Group, Walk]]]) -> Walk:
    """The same where children of some names need a test, or are visited all."""
    def walk(element: Element, out: Out) -> None:
        for action in actions:
            action(element, out)
        waiting = firsts.copy()
        seen: set[int] = set()
        for child in element:
            visit = waiting.pop(child.tag, None)
            if visit is not None:
                visit(child, out)
                continue
            for group, visit in several.get(child.tag, ()):
                if group.each or (id(group) not in seen and holds(child, group.test)):
                    seen.add(id(group))
                    visit(child, out)

    return walk


def holds(element: Element, test: Optional[tuple[str, Optional[str]]]) -> bool:
    """Whether an element passes a step's test."""
    if test is None:
        return True
    value = element.get(test[0])
    return value is not None if test[1] is None else bool(value == test[1])
