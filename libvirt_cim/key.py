# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keys: composed of a document's texts, and taken apart again to find the document.

A hole excludes the character behind it and the last hole takes the rest. In a hole before a
`/`, a `/` is written %2F, and a % only where it would be misread is written %25.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import Any, Callable, Optional, Union

import attrs

from .compound import pattern
from .expression import Call, ClassName, Count, Expression, Join, Location, Step, Template
from .ground import Document, Known
from .leaf import leaf_reader, leaf_text
from .tree import Element

_NUMBERED = re.compile(r"~\d+\Z")
Part = Union[str, Location, Call, Count, Join]
Reader = Callable[[Element], Optional[str]]  # a missing text is empty


def _escape(text: str) -> str:
    if "/" not in text and "%" not in text:
        return text
    return re.sub("%(?=2F|25)", "%25", text, flags=re.IGNORECASE).replace("/", "%2F")


def _unescape(text: str) -> str:
    return re.sub("%(2F|25)", lambda m: "/" if m[1].upper() == "2F" else "%", text,
                  flags=re.IGNORECASE)


@attrs.frozen(eq=False)
class Key:
    """One key property in one kind of document."""

    name: str
    parts: tuple[Part, ...]
    before: _Said  # what the document says; behind it comes what nodes say
    after: tuple[Union[str, Reader, _Said], ...]
    end: Optional[Reader]  # that, where no more of it is the document's
    same: str  # what it is if it is always the same, else nothing

    @property
    def distinct(self) -> bool:
        """Whether it tells one node of a document from another."""
        return bool(self.after)

    @property
    def literal(self) -> int:
        """How many characters are always the same."""
        return sum(len(part) for part in self.parts if isinstance(part, str))

    def ended(self, document: Document) -> Reader:
        """What reads the end of the key at a node of a document, whose own texts are looked up."""
        return _joined([each.text(document) if isinstance(each, _Said) else each
                        for each in self.after])

    def known(self, text: str, root: str) -> Optional[Known]:
        """What the document must say if the key has that text; None if it never has."""
        whole = pattern([p if isinstance(p, str) else None for p in self.parts])
        match = whole.fullmatch(text)
        if match is None and not self.distinct:  # the number that `unused` gave it
            match = whole.fullmatch(_NUMBERED.sub("", text))
        if match is None:
            return None
        holes = [index for index, part in enumerate(self.parts) if not isinstance(part, str)]
        found = {}
        for index, value in zip(holes, match.groups()):
            where = _place(self.parts[index], root)
            if where:
                found[where] = _unescape(value) if self.escaped(index) else value
        return found

    def places(self, root: str) -> list[str]:
        """Where in the document the texts stand that it is composed of."""
        return [where for part in self.parts for where in [_place(part, root)] if where]

    def escaped(self, index: int) -> bool:
        """Whether the hole at that position is followed by a slash."""
        return _before_slash(self.parts, index)


def _before_slash(parts: Sequence[Part], index: int) -> bool:
    after = parts[index + 1] if index + 1 < len(parts) else ""
    return isinstance(after, str) and after.startswith("/")


def _place(part: Part, root: str) -> Optional[str]:
    """The path of a hole as a request knows it, or None where it lies below a deeper node."""
    if not isinstance(part, Location):
        return None
    if part.absolute:
        return path_text(part.steps)
    return f"/{root}{path_text(part.steps)}" if root else None


def path_text(steps: Sequence[Step]) -> str:
    """Steps as a path: /domain/name, /volume/@pool."""
    return "".join(f"/@{step.name}" if step.kind == "attribute" else f"/{step.name}{_test(step)}"
                   for step in steps)


def _test(step: Step) -> str:
    if step.test is None:
        return ""
    name, value = step.test
    return f"[@{name}]" if value is None else f"[@{name}='{value}']"


def compile_key(name: str, found: Expression, prefix: str, concrete: Callable[[str], str]) -> Key:
    """The key of an expression; `concrete` names a class for this hypervisor."""
    parts: list[Part] = []
    if isinstance(found, ClassName):
        parts = [concrete(found.name)]
    elif isinstance(found, (Location, Count, Join)):
        parts = [found]
    elif isinstance(found, Template):
        parts = [prefix if part == Call("prefix()") else part for part in found.parts]
    return _key(name, parts)


def constant_key(name: str, value: Any) -> Key:
    """A key that is the same for every instance."""
    return attrs.evolve(_key(name, [str(value)]), same=value)


def _key(name: str, parts: Sequence[Part]) -> Key:
    before: list[tuple[Part, bool]] = []
    after: list[Union[str, Reader, _Said]] = []
    for index, part in enumerate(parts):
        slash = _before_slash(parts, index)
        read = _reader(part, slash)
        if read is not None:
            after.append(read)
        elif after:
            after.append(part if isinstance(part, str) else _said(((part, slash),)))
        else:
            before.append((part, slash))
    same = "".join(map(str, parts)) if all(isinstance(part, str) for part in parts) else ""
    plain = [each for each in after if not isinstance(each, _Said)]
    end = _joined(plain) if len(plain) == len(after) else None
    return Key(name, tuple(parts), _said(tuple(before)), tuple(after), end, same)


def _joined(pieces: Sequence[Union[str, Reader]]) -> Reader:
    """What composes texts and what is read at a node."""
    if len(pieces) == 1 and not isinstance(pieces[0], str):
        return pieces[0]
    parts = [(piece, None) if isinstance(piece, str) else ("", piece) for piece in pieces]

    def joined(node: Element) -> str:
        whole = ""
        for text, read in parts:
            whole += text if read is None else read(node) or ""
        return whole

    return joined


# What composes the keys of the nodes of a document: those that all share; of each other one its
# name, what it begins with in the document, and what reads its end at a node.
Composer = tuple[dict[str, Any], list[tuple[str, str, Reader]]]


class Keys:
    """All keys of instances that are composed alike."""

    def __init__(self, keys: Sequence[Key]) -> None:
        self.all = keys
        self._same: dict[str, Any] = {key.name: key.same for key in keys}
        said = [key for key in keys if not key.distinct and not key.same]
        self._said = [(key.name, key.before) for key in said]
        self._own = [(key.name, key.before, key) for key in keys if key.distinct]
        # one key at least must be each one's own
        self._last = self._own or [(key.name, key.before, key) for key in
                                   sorted(said, key=lambda key: len(key.parts))[-1:]]

    def of_one(self, node: Element, document: Document) -> dict[str, Any]:
        """The keys of the only instance of a document."""
        values, cache = self._same.copy(), document.cache
        for name, said in self._said:
            values[name] = cache.get(said) or said.text(document)
        for name, said, key in self._own:
            end = key.end or key.ended(document)
            values[name] = (cache.get(said) or said.text(document)) + (end(node) or "")
        return values

    def composer(self, document: Document) -> Composer:
        """What composes the keys of each of several nodes of a document."""
        own: list[tuple[str, str, Reader]] = []
        same = self._same
        if self._said:
            same = same.copy()
            for name, said in self._said:
                same[name] = said.text(document)
        for name, said, key in self._last:
            own.append((name, said.text(document), key.end or key.ended(document)))
        return same, own


def unused(text: str, used: dict[str, int]) -> str:
    """A key as it is, or with ~2, ~3, … if it was used before."""
    number = used.get(text, 0) + 1
    unique = text if number == 1 else f"{text}~{number}"
    while unique in used:
        number += 1
        unique = f"{text}~{number}"
    used[text] = number
    used.setdefault(unique, 1)
    return unique


class _Said:
    """What a document says, as the part of a key that is the same for all of its nodes.

    Each part is a text, a path from the root or a join, and whether a slash follows.
    """

    def __init__(self, parts: tuple[tuple[Part, bool], ...]) -> None:
        self.texts = [(_text(part), slash) for part, slash in parts]

    def text(self, document: Document) -> str:
        """The texts together; a missing one is empty."""
        found: Optional[str] = document.cache.get(self)
        if found is None:
            found = ""
            for text, slash in self.texts:
                found += _escape(text(document)) if slash else text(document)
            document.cache[self] = found
        return found


_said = functools.lru_cache(maxsize=None)(_Said)  # many keys begin alike


def _text(part: Part) -> Callable[[Document], str]:
    """What reads a part of a document."""
    if isinstance(part, str):
        return lambda document: part
    if isinstance(part, Join):
        return lambda document: _told(part, document)
    assert isinstance(part, Location)
    where = path_text(part.steps)
    return lambda document: document.text(part, where) or ""


def _told(join: Join, document: Document) -> str:
    """What another document of the host says."""
    where = join.value
    if isinstance(where, Location):
        wanted = tuple(step.name for step in where.steps if step.kind == "child")[:1]
        for other in document.source.documents(join.document, {}, wanted):
            return leaf_text(other.root, where.steps) or ""
    return ""


def _reader(part: Part, slash: bool) -> Optional[Reader]:
    """What reads a part at a node; None where the document says it."""
    if isinstance(part, Count):
        return lambda node: str(counted(node, part))
    if isinstance(part, Call):
        return local_name
    if isinstance(part, (str, Join)) or part.absolute:
        return None
    read = leaf_reader(part.steps)
    return read if not slash else lambda node: _escape(read(node) or "")


def local_name(node: Element) -> str:
    """The name of an element without its namespace."""
    tag: str = node.tag
    return tag if tag[0] != "{" else tag.rpartition("}")[2]


def counted(node: Element, count: Count) -> int:
    """How many elements there are before a node, or before the one that the count is of."""
    start = node
    while start is not None and count.of not in (None, start.tag):
        start = start.getparent()
    if start is None:
        return 0
    return sum(1 for _ in start.itersiblings(count.name or "*", preceding=True))
