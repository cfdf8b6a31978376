# SPDX-License-Identifier: LGPL-2.1-or-later
"""The outline of a MOF file: which classes it declares, each read only when it is asked for.

Knows the layout that `libvirt-cim check --format` keeps; a text of another layout is read whole.
"""

from __future__ import annotations

import re
from typing import NamedTuple, Optional, Union

from . import mof
from .cim import Class, Qualifier
from .mof import Declaration

_CLASS = re.compile(
    r"^class (?P<name>\w+)(?: : (?P<superclass>\w+))? \{\n(?:(?!\};$).*\n)*?\};$", re.MULTILINE)
_OTHER = re.compile(r"^[ \t]*(?:class|instance|qualifier|#pragma)\b", re.MULTILINE | re.IGNORECASE)
_TEXT = re.compile(r'"(?:[^"\\\n]|\\.)*"|//.*|/\*[\s\S]*?\*/')  # strings and comments
_EMBEDDED_WORD = "embeddedinstance"
_EMBEDDED = re.compile(r'\bEmbeddedInstance\s*\(\s*"(\w+)"', re.IGNORECASE)


class Sketch(NamedTuple):
    """A class declaration that is not read yet: its name, its superclass's, and its text."""

    name: str
    superclass: Optional[str]
    file: str
    line: int
    head: str  # the qualifiers, and what comments stand before them
    body: str
    start: int  # the line that the head begins in

    def qualifiers(self) -> dict[str, Qualifier]:
        """The class's own qualifiers."""
        return self._read("class _ {};").qualifiers

    def names(self, qualifier: str) -> bool:
        """Whether the class has a qualifier, spelled so."""
        return qualifier in self.head and qualifier in _TEXT.sub("", self.head)

    def read(self) -> Class:
        """The declaration, whole."""
        return self._read(self.body)

    def _read(self, body: str) -> Class:
        (found,) = mof.read(self.head + body, self.file, self.start)
        assert isinstance(found, Class)
        return found

    def embedded(self) -> list[str]:
        """The classes of embedded instances that it names."""
        return _EMBEDDED.findall(self.body) if _EMBEDDED_WORD in self.body.lower() else []


def outline(text: str, file: str) -> list[Union[Declaration, Sketch]]:
    """Every declaration of a MOF text in order; of classes their sketches where that is enough."""
    found: list[Union[Declaration, Sketch]] = []
    end, line = 0, 1
    for match in _CLASS.finditer(text):
        head, body = text[end:match.start()], match[0]
        if _OTHER.search(head):
            return list(mof.read(text, file))
        here = line + head.count("\n")
        found.append(Sketch(match["name"], match["superclass"], file, here, head, body, line))
        end, line = match.end(), here + body.count("\n")
    return list(mof.read(text, file)) if _OTHER.search(text, end) else found
