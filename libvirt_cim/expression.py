# SPDX-License-Identifier: LGPL-2.1-or-later
"""The small language of MappingStrings (CONTRIBUTING.rst): one text read into one expression.

Knows the syntax only: what an expression reads is lens.py's, what it may stand on is check.py's.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple, Optional, Union

from .tree import NAMESPACES

Test = tuple[str, Optional[str]]  # an attribute and the value it must have, None for any


class Step(NamedTuple):
    """One step of a path."""

    kind: str  # child, attribute, self, any, parent
    name: str = ""  # as lxml spells it: {namespace}name
    test: Optional[Test] = None


class Location(NamedTuple):
    """A path from the node of a table, or from the document's root."""

    absolute: bool
    steps: tuple[Step, ...]


class Call(NamedTuple):
    """prefix() or local-name(), in a hole."""

    name: str


class Count(NamedTuple):
    """count(preceding-sibling::NAME): before the node, or the one of the name `of` that it is in.
    """

    name: Optional[str]  # None is any
    of: Optional[str] = None


Hole = Union[Location, Call, Count]


class Presence(NamedTuple):
    """boolean(path): is the element there."""

    location: Location


class Attributes(NamedTuple):
    """names(path) or values(path): every attribute of an element."""

    location: Location
    values: bool


class Rest(NamedTuple):
    """rest(): what no row takes."""


class Template(NamedTuple):
    """Text with holes, filled from below `location`."""

    location: Location
    parts: tuple[Union[str, Location, Call, Count], ...]


class ClassName(NamedTuple):
    """class(NAME): the name of that class for this hypervisor."""

    name: str


class Function(NamedTuple):
    """Python.libvirt|name: a function of function.py; name(path): of the text there."""

    name: str
    argument: Optional[Location] = None


class Defined(NamedTuple):
    """defined(): this node in the guest's configuration."""


class Join(NamedTuple):
    """Nodes of another document whose tests hold, and a value below each, or a further join."""

    document: str
    path: tuple[str, ...]
    tests: tuple[tuple[Hole, Hole], ...] = ()
    value: Any = None  # a Location, Template or Join
    total: bool = False

    @property
    def last(self) -> Join:
        """The join at the end of the chain: whose nodes are found."""
        return self.value.last if isinstance(self.value, Join) else self


Expression = Union[
    Location, Presence, Attributes, Rest, Template, ClassName, Function, Defined, Join, Count
]


class Mistake(ValueError):
    """A text that is not an expression."""


HERE = Location(False, ())
NAME = r"[A-Za-z_][\w\-]*(?::[A-Za-z_][\w\-]*)?"
_STEP = re.compile(
    rf"(?P<parent>\.\.)|(?P<here>\.)|(?P<any>\*)|@(?P<attribute>{NAME})"
    rf"|(?P<self>self::)?(?P<child>(?<=self::)\*|{NAME})"
    rf"(?:\[@(?P<test>{NAME})(?:='(?P<value>[^']*)')?\])?"
)
_DOCUMENT = re.compile(r"([A-Z]\w*)\.libvirt\|")
TEST = re.compile(r"\[([^={]+)=\{([^}]*)\}\]")
_PARTS = re.compile(r"([^{}]*)(?:\{([^{}]*)\}|$)")
_HOLE_CALLS = ("prefix()", "local-name()")
# These are compiled when they are first needed, which a program's start is not for.
_CALL = r"(boolean|names|values|sum|class)\(([\s\S]*)\)"
_LITERAL = rf"(?:(self::{NAME})/)?'([^'{{}}]*)'"
_COUNT = rf"count\((?:ancestor-or-self::({NAME})/)?preceding-sibling::(?:\*|({NAME}))\)"
_EITHER = rf"\[(@{NAME}='[^']*'(?: or @{NAME}='[^']*')+)\]"
_ROOT = rf"/{NAME}(?:/(?:{NAME}|\*))*"


def split(text: str) -> tuple[Optional[str], str]:
    """The document that a mapping string names, if it does, and what follows."""
    match = _DOCUMENT.match(text)
    return (match[1], text[match.end():]) if match else (None, text)


def alternatives(text: str) -> list[str]:
    """A mapping string as those it is short for: one for each test that `or` joins."""
    match = re.search(_EITHER, text)
    if match is None:
        return [text]
    before, after = text[:match.start()], text[match.end():]
    return [each for test in match[1].split(" or ")
            for each in alternatives(f"{before}[{test}]{after}")]


def value(text: str) -> Expression:
    """The expression of a row on its own document."""
    if text in ("rest()", "defined()"):
        return Rest() if text == "rest()" else Defined()
    call = re.fullmatch(_CALL, text)
    if call:
        return _call(call[1], call[2])
    if text.startswith("count("):
        return _count(text)
    if literal := re.fullmatch(_LITERAL, text):
        return Template(location(literal[1] or "."), (literal[2],))
    if "{" in text or "}" in text:
        return _template(text)
    return location(text)


def _call(name: str, argument: str) -> Expression:
    if name == "class":
        return ClassName(argument)
    if name == "boolean":
        return Presence(location(argument))
    if name == "sum":
        document, body = split(argument)
        if document is None:
            raise Mistake(f"sum({argument}) names no document")
        return join(document, body)._replace(total=True)
    return Attributes(location(argument), name == "values")


def _count(text: str) -> Count:
    match = re.fullmatch(_COUNT, text)
    if match is None:
        raise Mistake(f"{text!r} does not count preceding siblings")
    return Count(*(None if name is None else qualified(name) for name in (match[2], match[1])))


def function(text: str) -> Function:
    """A function of function.py, with the path of the text that it is given, if any."""
    name, bracket, argument = text.partition("(")
    if not bracket:
        return Function(name)
    if not argument.endswith(")"):
        raise Mistake(f"{text!r} is not a function")
    return Function(name, location(argument[:-1]))


def join(document: str, text: str) -> Join:
    """The expression of a row on another document."""
    match = re.match(_ROOT, text)
    if match is None:
        raise Mistake(f"{text!r} does not begin with the path of an element")
    path, position = _element_path(match[0])
    tests: list[tuple[Hole, Hole]] = []
    while True:
        test = TEST.match(text, position)
        if test is None:
            break
        tests.append((hole(test[1]), hole(test[2])))
        position = test.end()
    rest = text[position:]
    if not rest:
        return Join(document, path, tuple(tests))
    if rest[0] != "/":
        raise Mistake(f"{rest!r} follows a path")
    further, body = split(rest[1:])
    found = value(body) if further is None else join(further, body)
    if further is None and not isinstance(found, (Location, Template)):
        raise Mistake(f"{rest!r} is not a path or template")
    return Join(document, path, tuple(tests), found)


def _element_path(text: str) -> tuple[tuple[str, ...], int]:
    """The elements of a join; a `self::` that follows them begins the path below."""
    end = text.find("/self::")
    end = end if end >= 0 else len(text)
    if text.endswith("/self") and end == len(text):  # the match stops before '::'
        end -= len("/self")
    return tuple(qualified(name) for name in text[1:end].split("/")), end


def hole(text: str) -> Hole:
    """What stands between braces, or before the = of a join's test."""
    if text.startswith("count("):
        return _count(text)
    return Call(text) if text in _HOLE_CALLS else location(text)


def location(text: str) -> Location:
    """A path, whole."""
    found, end = _location(text, 0)
    if end != len(text):
        raise Mistake(f"{text!r} is not a path: {text[end:]!r} is left over")
    return found


def _location(text: str, position: int) -> tuple[Location, int]:
    absolute = text[position:position + 1] == "/"
    position += absolute
    steps: list[Step] = []
    while True:
        match = _STEP.match(text, position)
        if match is None:
            raise Mistake(f"{text!r} is not a path: {text[position:]!r} is no step")
        steps.append(_step(match))
        position = match.end()
        if text[position:position + 1] != "/":
            break
        position += 1
    found = tuple(step for step in steps if step.kind != "here")
    if any(step.kind == "attribute" for step in found[:-1]):
        raise Mistake(f"{text!r} is not a path: an attribute has nothing below it")
    return Location(absolute, found), position


def _step(match: re.Match[str]) -> Step:
    if match["parent"] or match["here"] or match["any"]:
        return Step("parent" if match["parent"] else "here" if match["here"] else "any")
    if match["attribute"]:
        return Step("attribute", qualified(match["attribute"]))
    test = (qualified(match["test"]), match["value"]) if match["test"] else None
    return Step("self" if match["self"] else "child", qualified(match["child"]), test)


def _template(text: str) -> Template:
    """A template; its path, if any, begins with self:: or ./ and its names are in lower case."""
    start = HERE
    prefix = re.match(rf"(?:self::(?:{NAME}|\*)(?:\[[^\]]*\])?|\.)/(?:[a-z][\w\-]*/)*", text)
    if prefix:
        start = location(prefix[0][:-1])
        text = text[prefix.end():]
    parts: list[Union[str, Hole]] = []
    position = 0
    while position < len(text):
        match = _PARTS.match(text, position)
        if match is None or match.end() == position:
            raise Mistake(f"{text!r} has a brace without its other half")
        if match[1]:
            parts.append(match[1])
        if match[2] is not None:
            parts.append(hole(match[2]))
        position = match.end()
    return Template(start, tuple(parts))


def qualified(name: str) -> str:
    """A name as lxml spells it; the prefixes are libvirt's own and fixed."""
    prefix, _, local = name.rpartition(":")
    if not prefix:
        return name
    if prefix not in NAMESPACES:
        raise Mistake(f"{name!r} has a prefix that libvirt does not know")
    return f"{{{NAMESPACES[prefix]}}}{local}"
