# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keys: composed of a document's texts, and taken apart again to find the document.

A hole excludes the character behind it and the last hole takes the rest. In a hole before a
`/`, a `/` is written %2F, and a % only where it would be misread is written %25.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Callable, Optional, Union

import attrs

from .compound import pattern
from .expression import Call, ClassName, Expression, Location, Step, Template
from .ground import Document, Known
from .lens import located
from .tree import Element

Part = Union[str, Location, Call]


def _escape(text: str) -> str:
    return re.sub("%(?=2F|25)", "%25", text, flags=re.IGNORECASE).replace("/", "%2F")


def _unescape(text: str) -> str:
    return re.sub("%(2F|25)", lambda m: "/" if m[1].upper() == "2F" else "%", text,
                  flags=re.IGNORECASE)


@attrs.frozen(eq=False)
class Key:
    """One key property in one kind of document."""

    name: str
    parts: tuple[Part, ...]
    compose: Callable[[Element, Document], str]
    distinct: bool  # whether it tells one node of a document from another

    @property
    def literal(self) -> int:
        """How many characters are always the same."""
        return sum(len(part) for part in self.parts if isinstance(part, str))

    def known(self, text: str, root: str) -> Optional[Known]:
        """What the document must say if the key has that text; None if it never has."""
        match = pattern([p if isinstance(p, str) else None for p in self.parts]).fullmatch(text)
        if match is None:
            return None
        holes = [index for index, part in enumerate(self.parts) if not isinstance(part, str)]
        found = {}
        for index, value in zip(holes, match.groups()):
            where = _place(self.parts[index], root)
            if where:
                found[where] = _unescape(value) if self.escaped(index) else value
        return found

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
    return "".join(
        f"/@{step.name}" if step.kind == "attribute" else f"/{step.name}" for step in steps
    )


def compile_key(name: str, found: Expression, prefix: str, concrete: Callable[[str], str]) -> Key:
    """The key of an expression; `concrete` names a class for this hypervisor."""
    parts: list[Part] = []
    if isinstance(found, ClassName):
        parts = [concrete(found.name)]
    elif isinstance(found, Location):
        parts = [found]
    elif isinstance(found, Template):
        parts = [prefix if part == Call("prefix()") else part for part in found.parts]
    distinct = any(isinstance(p, Call) or (isinstance(p, Location) and not p.absolute)
                   for p in parts)
    return Key(name, tuple(parts), _composer(parts), distinct)


def constant_key(name: str, value: Any) -> Key:
    """A key that is the same for every instance."""
    return Key(name, (value,), lambda node, document: value, False)


def _composer(parts: Sequence[Part]) -> Callable[[Element, Document], str]:
    if len(parts) == 1 and isinstance(parts[0], str):
        only = parts[0]
        return lambda node, document: only
    pieces: list[Any] = []
    for index, part in enumerate(parts):
        pieces.append((part, _before_slash(parts, index)))

    def compose(node: Element, document: Document) -> str:
        texts = []
        for part, slash in pieces:
            text = part if isinstance(part, str) else hole_text(part, node, document)
            if slash and not isinstance(part, str) and ("/" in text or "%" in text):
                text = _escape(text)
            texts.append(text)
        return "".join(texts)

    return compose


def hole_text(part: Union[Location, Call], node: Element, document: Document) -> str:
    """The text of a hole; a missing one is empty."""
    if isinstance(part, Call):
        return str(node.tag).rpartition("}")[2]
    text = document.text(part) if part.absolute else located(node, document.root, part)
    return text or ""
