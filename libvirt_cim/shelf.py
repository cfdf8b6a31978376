# SPDX-License-Identifier: LGPL-2.1-or-later
"""Documents that are there already, as a source for one another."""

from __future__ import annotations

import re
import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Optional

from .ground import ROOTS, Column, Document, Known, Rows
from .tree import Element

_SIMPLE = re.compile(r"(?:/[\w.-]+)+(?:/@[\w.-]+)?")
Wanted = tuple[str, ...]


class Shelf:
    """Documents that are there already, as a source for one another."""

    lists = False

    def __init__(self, documents: Iterable[Document]) -> None:
        self._all = list(documents)
        self._kinds = {kind for document in self._all for kind in document.kinds}
        self._by_text: dict[str, dict[Optional[str], list[Document]]] = {}
        source = weakref.proxy(self)  # what it has must not keep it
        for document in self._all:
            document.source = source

    def offers(self, kind: str) -> bool:
        """Whether one of them is of that kind."""
        return kind in self._kinds

    def documents(self, kind: str, known: Known, wanted: Wanted) -> Iterator[Document]:
        """The documents of one kind that have the known texts, as ground.Source has it."""
        return self.every((kind,), known, wanted)

    def every(self, kinds: Sequence[str], known: Known, wanted: Wanted) -> Iterator[Document]:
        """The documents that are of any of the kinds, each once."""
        found = self._all
        for path, text in known.items():
            if _SIMPLE.fullmatch(path) and any(path.split("/")[1] == ROOTS[kind] for kind in kinds):
                found = self._having(path).get(text, [])
                break
        return (each for each in found if not set(kinds).isdisjoint(each.kinds))

    def sheet(self, columns: Sequence[Column]) -> Rows:
        """None: documents that are there are read."""
        return None

    def _having(self, path: str) -> Mapping[Optional[str], list[Document]]:
        """The documents that have a leaf, by its texts; looked through once."""
        if path not in self._by_text:
            found = self._by_text[path] = {}
            for document in self._all:
                for text in _texts(document.root, path):
                    found.setdefault(text, []).append(document)
        return self._by_text[path]


def _texts(root: Element, path: str) -> set[Optional[str]]:
    """The texts at a path of names that may end in an attribute."""
    first, *steps = path[1:].split("/")
    attribute = steps.pop()[1:] if steps and steps[-1].startswith("@") else None
    elements = root.iterfind("/".join(steps) or ".") if first == root.tag else ()
    return {element.get(attribute) if attribute else element.text or "" for element in elements}
