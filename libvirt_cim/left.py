# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is left of an element without all that rows would write again exactly; as text.

Nothing is changed: one walk finds what rows take and writes out the rest. What is emptied so
goes, unless its position counts. The first child of a name (whose test holds) is the one that
rows know, as leaf.py's `at` has it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Callable, NamedTuple, Optional, Union

from lxml import etree

from .expression import Step
from .mark import (
    GONE,
    HARD,
    SHELL,
    Action,
    Exact,
    Leaf,
    Mark,
    Marks,
    Taker,
    asserted,
    hollow,
    mark_all,
)
from .tree import Element, escaped, text_of
from .walk import holds

Kept = Sequence[tuple[str, str]]  # attributes
Left = Union[None, str, Kept]  # nothing was taken; what is left; no more than soft attributes
Children = list[tuple[Element, Left]]
_NO_CHILDREN: Children = []
Visit = Callable[[Element, Marks, Optional[Set[str]]], Left]


class _Way(NamedTuple):
    """The first child of a name that passes a test, and what is taken there."""

    step: Step
    soft: Set[str]
    visit: Visit
    takers: Sequence[Taker]


class _Here(NamedTuple):
    """What rows take at an element."""

    leaves: dict[Leaf, Exact]
    actions: list[Action]
    itself: bool
    ways: dict[str, Sequence[_Way]]


def _here(takers: Sequence[Taker]) -> _Here:
    here = [taker for taker in takers if not taker.steps]
    return _Here(dict(taker.leaf for taker in here if taker.leaf),
                 [taker.action for taker in here if taker.action],
                 any(not taker.leaf and not taker.action for taker in here),
                 _ways([taker for taker in takers if taker.steps]))


def compile_left(takers: Sequence[Taker]) -> Visit:
    """What tells what is left of an element without what the takers name below (or at) it."""
    leaves, actions, itself, ways = _here(takers)
    has_text, exact = None in leaves, leaves.get(None)

    def visit(element: Element, marks: Marks, soft: Optional[Set[str]]) -> Left:
        took, text, children = False, element.text or "", _NO_CHILDREN
        for action in actions:
            took = action(element, marks) or took
        there = element.items()
        kept = _kept(there, leaves) if leaves and there else there
        took = took or len(kept) < len(there)
        if has_text and (exact is None or exact(text)):
            text, took = "", True
        if len(element):
            children, changed = _children(element, ways, marks)
            took = took or changed
        mark = marks.get(element)
        if took or mark is not None and mark.taken:
            if not (kept or text or children or mark):
                return kept
            return _rest(element, kept, _inner(text, children, mark), soft if took else None, mark)
        return kept if itself and hollow(element, soft or HARD) else None

    return visit


def _kept(attributes: Kept, leaves: Mapping[Leaf, Exact]) -> Kept:
    """The attributes that rows do not take."""
    kept = []
    for pair in attributes:
        name, text = pair
        if name not in leaves or ((exact := leaves[name]) is not None and not exact(text)):
            kept.append(pair)
    return kept


def _rest(element: Element, kept: Kept, inner: str, soft: Optional[Set[str]],
          mark: Optional[Mark]) -> Left:
    """What is left of an element of which something was taken."""
    if mark is not None:
        kept = [each for each in kept if each[0] not in mark.taken]
    if not inner and (not kept or {name for name, _ in kept} <= _soft(soft, mark)):
        return kept
    return _whole(element, kept, inner)


def _ways(takers: Iterable[Taker]) -> dict[str, Sequence[_Way]]:
    """The ways to children by their names."""
    groups: dict[Step, list[Taker]] = {}
    for taker in takers:
        step, *rest = taker.steps
        groups.setdefault(step, []).append(taker._replace(steps=tuple(rest)))
    ways: dict[str, Sequence[_Way]] = {}
    for step, each in groups.items():
        way = _Way(step, asserted(step.test), compile_left(each), each)
        ways[step.name] = (*ways.get(step.name, ()), way)
    return ways


def _children(element: Element, ways: dict[str, Sequence[_Way]], marks: Marks
              ) -> tuple[Children, bool]:
    """The children, each with what is left of it, and whether any changed."""
    waiting, changed = ways.copy(), False
    found: Children = []
    for child in element:
        ready = waiting.pop(child.tag, None)
        mark = marks.get(child)
        left: Left = None
        if mark is GONE or mark is SHELL:
            left = "" if mark is GONE else _whole(child, (), "")
        elif ready is not None:
            first = ready[0]
            left = (first.visit(child, marks, HARD) if first.step.test is None and len(ready) == 1
                    else _visit(child, ready, marks, waiting))
        elif mark is not None:
            left = _COME_BY(child, marks, None)
        if left is not None:
            changed = True
            if mark is not None and mark.stays and not isinstance(left, str):
                left = _whole(child, left, "")
        found.append((child, left))
    return found, changed


def _visit(child: Element, ways: Sequence[_Way], marks: Marks,
           waiting: dict[str, Sequence[_Way]]) -> Left:
    """What is left of a child; ways whose test it does not pass wait for another."""
    first = None
    for way in ways:
        if way.step.test is not None and not holds(child, way.step.test):
            waiting[child.tag] = [*waiting.get(child.tag, ()), way]
        elif first is None:
            first = way
        else:
            mark_all(way.takers, child, marks, (way.step,))
    if first is not None:
        return first.visit(child, marks, first.soft)
    return _COME_BY(child, marks, None) if child in marks else None


_COME_BY = compile_left(())


def _soft(soft: Optional[Set[str]], mark: Optional[Mark]) -> Set[str]:
    """The attributes that all ways by which something was taken assert."""
    other = None if mark is None else mark.soft
    if soft is None or other is None:
        return soft or other or HARD
    return soft & other


# writing out

def _inner(text: str, children: Children, mark: Optional[Mark]) -> str:
    """What is left within an element; an empty shell where position counts."""
    if not children and not text:
        return ""
    parts: list[str] = []
    names: set[str] = set()  # of those that follow
    for child, left in reversed(children):
        part = ""
        if left is None:
            part = verbatim(child)
        elif isinstance(left, str):
            part = left
        elif names and child.tag in names or left and _preceded(child):
            part = _whole(child, left, "")
        tail = child.tail
        if tail and not tail.isspace():
            parts.append(escaped(tail if part else f" {tail}"))
        if part:
            parts.append(part)
            names.add(child.tag)
    if text and not text.isspace() and not (mark is not None and None in mark.taken):
        parts.append(escaped(text))
    return "".join(reversed(parts)) if parts else ""


def verbatim(element: Element) -> str:
    """An element as text, without namespaces that are not its own."""
    return text_of(copy.copy(element) if element.nsmap else element)


def _preceded(element: Element) -> bool:
    """Whether another of its name stands before, which a row would find if this one went."""
    return next(element.itersiblings(element.tag, preceding=True), None) is not None


def _whole(element: Element, attributes: Kept, inner: str) -> str:
    """An element with those attributes and what is within it."""
    tag = element.tag
    start = f"<{tag}"
    for name, text in attributes:
        start += f' {name}="{_quoted(text)}"'
    if "{" in start and (tag[0] == "{" or any(name[0] == "{" for name, _ in attributes)):
        empty = etree.Element(tag, dict(attributes), element.nsmap)
        etree.cleanup_namespaces(empty)
        start = text_of(empty)[:-2]
        tag = start[1:].split(None, 1)[0]
    return f"{start}>{inner}</{tag}>" if inner else f"{start}/>"


def _quoted(text: str) -> str:
    return escaped(text).replace('"', "&quot;")
