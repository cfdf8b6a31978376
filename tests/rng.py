# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a RELAX NG grammar says about a path: may it be there, which values has it, does it repeat.

Knows the paths of the tables and libvirt's namespace prefixes; knows no table. A grammar is asked
as it is written: a value that libvirt's code refuses, but its grammar allows, is legal here.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path

from lxml import etree
from rng_pattern import NONE, Names, Pattern, all_of, choice_of, load

SCHEMAS = Path("/usr/share/libvirt/schemas")
LIBVIRT = "http://libvirt.org/schemas/%s/1.0"
PREFIXES = {prefix: LIBVIRT % f"domain/{prefix}"
            for prefix in ("qemu", "lxc", "xen", "bhyve", "test", "vmware")}
PREFIXES.update(dnsmasq=LIBVIRT % "network/dnsmasq",
                fs=LIBVIRT % "storagepool/fs", rbd=LIBVIRT % "storagepool/rbd")
NAME = r"(?:\w+:)?\w[\w.-]*"
TEST = re.compile(rf"\[@({NAME})(?:(=)'([^']*)')?\]")
STEP = re.compile(rf"/(self::|@)?({NAME}|\*|\.\.?(?=/|$))((?:\[@{NAME}(?:='[^']*')?\])*)")
Place = tuple[Names, Pattern]                     # an element: its name, and what it holds
Level = tuple[Place, ...]                         # all the elements that a path may mean
Walk = tuple[tuple[str, Level], ...]              # from the root down; each with its step's name


def clark(name: str) -> str:
    """`qemu:arg` as lxml spells it, with its namespace."""
    prefix, colon, local = name.rpartition(":")
    return f"{{{PREFIXES[prefix]}}}{local}" if colon and prefix in PREFIXES else name


@functools.cache
def expand(pattern: Pattern) -> Pattern:
    """The pattern with every reference above its elements and attributes followed.

    RELAX NG lets a definition refer to itself only from inside an element, so this ends.
    """
    if pattern.scope is not None:
        return expand(pattern.scope.ref(pattern.text))
    if pattern.kind in ("all", "choice"):
        parts = tuple(expand(part) for part in pattern.parts)
        return all_of(parts) if pattern.kind == "all" else choice_of(parts)
    if pattern.kind == "repeat":
        inner = expand(pattern.parts[0])
        return NONE if inner is NONE else Pattern("repeat", (inner,))
    return pattern


def leaves(pattern: Pattern) -> Iterator[Pattern]:
    """The elements, attributes, texts and values of an expanded pattern."""
    if pattern.kind in ("all", "choice", "repeat"):
        for part in pattern.parts:
            yield from leaves(part)
    elif pattern is not NONE:
        yield pattern


def accepts(content: Pattern, text: str) -> bool:
    """Whether a content's text may be that one; a type without a pattern takes any."""
    for leaf in leaves(expand(content)):
        if leaf.kind == "value" and leaf.text == text:
            return True
        if leaf.kind == "text" and (not leaf.text or re.fullmatch(leaf.text, text)):
            return True
    return False


def without(pattern: Pattern, kind: str, name: str) -> Pattern:
    """What the expanded pattern allows where the attribute or element is absent."""
    if pattern.kind in ("all", "choice", "repeat"):
        parts = tuple(without(part, kind, name) for part in pattern.parts)
        if all(new is old for new, old in zip(parts, pattern.parts)):
            return pattern
        if pattern.kind == "repeat":
            return NONE if parts == (NONE,) else Pattern("repeat", parts)
        return all_of(parts) if pattern.kind == "all" else choice_of(parts)
    return NONE if pattern.kind == kind and pattern.names.has(name) else pattern


@functools.cache
def restrict(pattern: Pattern, name: str, value: str | None) -> Pattern:
    """What the expanded pattern allows where the attribute has the value (None: any value)."""
    if pattern.kind == "attribute" and pattern.names.has(name):
        if value is None:
            return pattern
        only = Pattern("value", text=value)
        held = accepts(pattern.parts[0], value)
        return Pattern("attribute", (only,), Names(name)) if held else NONE
    if pattern.kind == "choice":
        return choice_of(tuple(restrict(part, name, value) for part in pattern.parts))
    if pattern.kind == "repeat":
        return all_of((restrict(pattern.parts[0], name, value), pattern))
    if pattern.kind != "all":
        return NONE
    return choice_of(tuple(all_of(tuple(
        restrict(part, name, value) if part is here else without(part, "attribute", name)
        for part in pattern.parts)) for here in pattern.parts))


def most(pattern: Pattern, name: str) -> int:
    """How many elements of the name the expanded pattern allows: 0, 1 or 2 (more than one)."""
    if pattern.kind not in ("all", "choice", "repeat"):
        return int(pattern.kind == "element" and pattern.names.has(name))
    counts = [most(part, name) for part in pattern.parts]
    if pattern.kind == "choice":
        return max(counts)
    return min(2, sum(counts) * (2 if pattern.kind == "repeat" else 1))


def matched(level: Level, kind: str, name: str) -> Iterator[Pattern]:
    """The attributes or child elements of the name, anywhere in the level."""
    for _, content in level:
        for leaf in leaves(expand(content)):
            if leaf.kind == kind and leaf.names.has(clark(name)):
                yield leaf


def tested(level: Level, tests: str) -> Level:
    """The level where the attributes are what the predicates say."""
    for name, equals, value in TEST.findall(tests):
        level = tuple((names, restrict(expand(content), clark(name), value if equals else None))
                      for names, content in level)
    return tuple(place for place in level if place[1] is not NONE)


def steps(path: str) -> tuple[tuple[str, str, str], ...]:
    """The path's steps: `self::`, `@` or nothing, the name, the predicates."""
    found = tuple(STEP.finditer(path))
    if "".join(step[0] for step in found) != path or "@" in [step[1] for step in found[:-1]]:
        raise ValueError(f"{path}: not an absolute path of the tables")
    return tuple((step[1] or "", step[2], step[3]) for step in found)


class Grammar:
    """One grammar file to ask. Paths are absolute; a malformed one is a ValueError."""

    def __init__(self, file: str | Path) -> None:
        start = (Names(), load(etree.parse(str(file)).getroot(), Path(file)))
        self._walks: dict[tuple[tuple[str, str, str], ...], Walk] = {(): (("", (start,)),)}

    def exists(self, path: str) -> bool:
        """Whether a document may have the element or attribute."""
        return bool(self._contents(path))

    def values(self, path: str) -> set[str] | None:
        """The legal tokens of an attribute or an element's text; None if that is no enumeration."""
        texts = self._texts(path)
        plain = texts and all(leaf.kind == "value" for leaf in texts)
        return {leaf.text for leaf in texts} if plain else None

    def accepts(self, path: str, text: str) -> bool:
        """Whether the attribute or element may have the text."""
        return any(accepts(content, text) for content in self._contents(path))

    def text(self, path: str) -> bool:
        """Whether the attribute or element may hold text of its own."""
        return bool(self._texts(path))

    def optional(self, path: str) -> bool:
        """Whether the last attribute or element may be absent where its parent is there."""
        *above, (axis, name, _) = steps(path)
        kind = "attribute" if axis == "@" else "element"
        return any(without(expand(content), kind, clark(name)) is not NONE
                   for _, content in self._walk(tuple(above))[-1][1])

    def repeats(self, path: str) -> bool:
        """Whether the last element of the path may occur more than once below its parent."""
        walk = self._walk(tuple(step for step in steps(path) if step[0] != "@"))
        return any(most(expand(content), clark(walk[-1][0])) > 1 for _, content in walk[-2][1])

    def children(self, path: str) -> set[str]:
        """The names of the elements allowed below, in Clark's notation; empty for any name."""
        return {leaf.names.text for content in self._contents(path)
                for leaf in leaves(expand(content)) if leaf.kind == "element"}

    def _texts(self, path: str) -> list[Pattern]:
        return [leaf for content in self._contents(path) for leaf in leaves(expand(content))
                if leaf.kind in ("text", "value")]

    def _contents(self, path: str) -> list[Pattern]:
        """What the elements or attributes at the end of the path hold."""
        every = steps(path)
        axis, name, _ = every[-1]
        if axis != "@":
            return [content for _, content in self._walk(every)[-1][1]]
        return [leaf.parts[0] for leaf in matched(self._walk(every[:-1])[-1][1], "attribute", name)]

    def _walk(self, path: tuple[tuple[str, str, str], ...]) -> Walk:
        """The elements along the path; one that has no such step ends in an empty level."""
        if path not in self._walks:
            self._walks[path] = self._step(self._walk(path[:-1]), *path[-1])
        return self._walks[path]

    def _step(self, walk: Walk, axis: str, name: str, tests: str) -> Walk:
        last = walk[-1][1]
        if name == ".." and len(walk) > 1:
            return walk[:-1] if last else (*walk[:-2], ("", ()))
        if name in (".", ".."):
            return walk if name == "." else (("", ()),)
        if axis:
            level = tuple(place for place in last if place[0].has(clark(name)))
            return (*walk[:-1], (name, tested(level, tests)))
        level = tuple((leaf.names, leaf.parts[0]) for leaf in matched(last, "element", name))
        return (*walk, (name, tested(tuple(dict.fromkeys(level)), tests)))
