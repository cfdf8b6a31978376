# SPDX-License-Identifier: LGPL-2.1-or-later
"""RELAX NG grammar files as patterns.

Knows RELAX NG's XML syntax, but for externalRef; of data types, only the pattern. Doesn't know
what is asked of the patterns: that is rng.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import attrs
from lxml import etree

RNG = "{http://relaxng.org/ns/structure/1.0}"
NAME_CLASSES = ("name", "anyName", "nsName", "choice")
WORDS = re.compile(r"\(?([\w-]+(?:\|[\w-]+)*)\)?")


@attrs.frozen(eq=False)
class Names:
    """A name class: one name, one namespace (`{uri}`), any name (empty) or choices; none of `but`.

    Names are in Clark's notation, as in lxml.
    """

    text: str = ""
    choices: tuple[Names, ...] = ()
    but: tuple[Names, ...] = ()

    def has(self, name: str) -> bool:
        """Whether the name is in the class; `*` is in every one."""
        if self.choices:
            return any(names.has(name) for names in self.choices)
        if name == "*" or any(names.has(name) for names in self.but):
            return name == "*"
        if self.text == "{}":
            return not name.startswith("{")
        inside = name.startswith(self.text) if self.text.endswith("}") else name == self.text
        return inside or not self.text


@attrs.frozen(eq=False)
class Pattern:
    """A pattern. Kinds: element attribute all choice repeat empty none text value ref.

    Group and interleave are both `all`: order plays no part here. `optional` is a choice with
    `empty`, `zeroOrMore` that of a `repeat`; a `text` may have a pattern, a `value` has its token.
    """

    kind: str
    parts: tuple[Pattern, ...] = ()
    names: Names = Names()
    text: str = ""
    scope: Scope | None = None


EMPTY, NONE, TEXT = Pattern("empty"), Pattern("none"), Pattern("text")


@attrs.define(eq=False)
class Scope:
    """The definitions of one `grammar` element; that of `start` has no name."""

    parent: Scope | None = None
    found: dict[str, list[Pattern]] = attrs.Factory(dict)
    interleaved: set[str] = attrs.Factory(set)

    def ref(self, name: str) -> Pattern:
        """What the name stands for, all its definitions combined."""
        parts = tuple(self.found[name])
        return all_of(parts) if name in self.interleaved else choice_of(parts)


def all_of(parts: tuple[Pattern, ...]) -> Pattern:
    """Every part, in any order; impossible if one of them is."""
    if NONE in parts:
        return NONE
    parts = tuple(part for part in parts if part is not EMPTY)
    return parts[0] if len(parts) == 1 else Pattern("all", parts) if parts else EMPTY


def choice_of(parts: tuple[Pattern, ...]) -> Pattern:
    """One of the parts that are possible."""
    parts = tuple(part for part in parts if part is not NONE)
    return parts[0] if len(parts) == 1 else Pattern("choice", parts) if parts else NONE


def load(node: etree._Element, file: Path, parent: Scope | None = None) -> Pattern:
    """The start pattern of a `grammar` element, which stands in the file."""
    scope = Scope(parent)
    _define(node, file, scope, frozenset())
    return Pattern("ref", scope=scope)


def _define(node: etree._Element, file: Path, scope: Scope, skip: frozenset[str]) -> None:
    """Put the definitions below a `grammar`, `include` or `div` into the scope."""
    for child in node.iterchildren(RNG + "*"):
        tag, name = _tag(child), child.get("name", "")
        if tag == "include":
            own = {inner.get("name", "") for inner in child.iterchildren(RNG + "*")}
            inner_file = file.parent / child.get("href", "")
            _define(etree.parse(str(inner_file)).getroot(), inner_file, scope, skip | own)
        if tag in ("include", "div"):
            _define(child, file, scope, skip)
        elif name not in skip:
            content = all_of(tuple(_patterns(child, file, scope)))
            scope.found.setdefault(name, []).append(content)
            if child.get("combine") == "interleave":
                scope.interleaved.add(name)


def _tag(node: etree._Element) -> str:
    return str(node.tag)[len(RNG):]


def _patterns(node: etree._Element, file: Path, scope: Scope) -> Iterator[Pattern]:
    """The patterns below an element, without its name class."""
    children = list(node.iterchildren(RNG + "*"))
    named = _tag(node) in ("element", "attribute") and "name" not in node.attrib
    for child in children[1:] if named else children:
        yield _pattern(child, file, scope)


def _pattern(node: etree._Element, file: Path, scope: Scope) -> Pattern:
    """The pattern that one element of the grammar stands for."""
    tag = _tag(node)
    if tag in ("value", "data", "text", "list", "empty", "notAllowed"):
        return _leaf(node)
    if tag in ("ref", "parentRef"):
        inside = scope.parent if tag == "parentRef" else scope
        return Pattern("ref", text=node.get("name", ""), scope=inside)
    if tag == "grammar":
        return load(node, file, scope)
    parts = tuple(_patterns(node, file, scope))
    if tag in ("element", "attribute"):
        bare = tag == "attribute" and not parts
        return Pattern(tag, (TEXT if bare else all_of(parts),), _named(node))
    if tag == "choice":
        return choice_of(parts)
    content = all_of(parts)
    if tag in ("zeroOrMore", "oneOrMore"):
        content = Pattern("repeat", (content,))
    elif tag not in ("optional", "group", "interleave", "mixed"):
        raise ValueError(f"{file}:{node.sourceline}: RELAX NG's {tag} is not known here")
    if tag in ("zeroOrMore", "optional"):
        return Pattern("choice", (content, EMPTY))
    return all_of((TEXT, content)) if tag == "mixed" else content


def _leaf(node: etree._Element) -> Pattern:
    """A pattern of text. Data whose pattern is a plain list of words is a choice of values."""
    tag = _tag(node)
    if tag == "value":
        return Pattern("value", text=(node.text or "").strip())
    if tag in ("empty", "notAllowed"):
        return EMPTY if tag == "empty" else NONE
    regex = node.findtext(f"{RNG}param[@name='pattern']")
    words = WORDS.fullmatch(regex) if regex else None
    if words:
        return choice_of(tuple(Pattern("value", text=word) for word in words[1].split("|")))
    return Pattern("text", text=regex or "")


def _named(node: etree._Element) -> Names:
    """The name class of an element or attribute pattern."""
    if "name" in node.attrib:
        return Names(_spell(node, str(node.attrib["name"])))
    return _names(next(node.iterchildren(RNG + "*")))


def _names(node: etree._Element) -> Names:
    """The name class that an element of the grammar stands for."""
    tag = _tag(node)
    if tag == "choice":
        return Names(choices=tuple(_names(child) for child in node.iterchildren(RNG + "*")))
    if tag == "name":
        return Names(_spell(node, (node.text or "").strip()))
    but = tuple(_names(inner) for inner in node.iterfind(f"{RNG}except/*"))
    return Names(f"{{{_namespace(node)}}}" if tag == "nsName" else "", but=but)


def _namespace(node: etree._Element) -> str:
    """The `ns` in force at an element of the grammar; an attribute's name takes only its own."""
    if _tag(node) == "attribute":
        return node.get("ns", "")
    return next((up.get("ns", "") for up in (node, *node.iterancestors()) if "ns" in up.attrib), "")


def _spell(node: etree._Element, name: str) -> str:
    """A name of the grammar in Clark's notation."""
    prefix, colon, local = name.rpartition(":")
    uri = node.nsmap[prefix] if colon else _namespace(node)
    return f"{{{uri}}}{local}" if uri else local
