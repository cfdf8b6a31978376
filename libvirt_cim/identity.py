# SPDX-License-Identifier: LGPL-2.1-or-later
"""What names the instances of a class: paths composed of its keys, and what a path says.

A path alone tells which kinds of documents may hold its instance, and what they must say.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Callable, Optional

from .cim import Path, Value, find
from .expression import Count, Expression, Template
from .ground import Document, Known
from .key import Composer, Key, Keys, constant_key, unused
from .root import Root
from .row import Row
from .tree import Element

_NUMBER = re.compile(r"(\d{1,6})(?:~\d+)?\Z")


class Identity:
    """The keys of a class in each kind of document that it lists."""

    def __init__(self, class_name: str, rows: Mapping[str, Row], roots: Mapping[str, list[Root]],
                 constants: Mapping[str, Value], expands: bool,
                 compiled: Callable[[str, Expression], Key]) -> None:
        self._class_name, self._roots, self._constants = class_name, roots, constants
        self._rows = [row for row in rows.values()
                      if row.declared.qualifier("Key") and row.declared.type != "reference"]
        self._by_tag = any(arm.condition for row in self._rows for arm in row.every_arm())
        self._expands, self._compiled = expands, compiled
        self._keys: dict[str, tuple[Keys, dict[str, Keys]]] = {}  # by kind, once asked for

    def _compile(self, kind: str, tag: str) -> Keys:
        keys: list[Key] = []
        for row in self._rows:
            found = row.fitting(kind, tag, {})
            keys.append(self._compiled(row.name, found[0]) if found
                        else constant_key(row.name, self._constants.get(row.name, "")))
        return Keys(keys)

    def _of(self, kind: str) -> tuple[Keys, dict[str, Keys]]:
        """The usual keys of instances in a kind of document, and those by their element's name."""
        made = self._keys.get(kind)
        if made is None:
            tags = dict.fromkeys(root[-1] if self._by_tag else "" for root in self._roots[kind])
            keys = {tag: self._compile(kind, tag) for tag in tags}
            made = self._keys[kind] = (next(iter(keys.values())), keys)
        return made

    def first(self, kind: str) -> Sequence[Key]:
        """The keys of an instance in a kind of document, whatever its element."""
        return self._of(kind)[0].all

    def paths(self, nodes: list[Element], document: Document, kind: str) -> list[Path]:
        """The paths of all nodes of a document that are instances, read as a kind."""
        if not nodes:
            return []
        usual, by_tag = self._of(kind)
        if len(nodes) == 1:
            only = by_tag.get(nodes[0].tag, usual).of_one(nodes[0], document)
            return [Path(self._class_name, only)]
        every = self._of_each(nodes, document, usual, by_tag)
        return [Path(self._class_name, keys) for keys in every]

    def _of_each(self, nodes: list[Element], document: Document, usual: Keys,
                 by_tag: dict[str, Keys]) -> list[dict[str, Value]]:
        """The keys of several nodes, those that were used before with a number."""
        ready: dict[str, Composer] = {}
        used: dict[str, int] = {}  # the last number of each key
        found = []
        for node in nodes:
            tag = node.tag if self._by_tag else ""
            if tag not in ready:
                ready[tag] = by_tag.get(tag, usual).composer(document)
            same, own = ready[tag]
            values = same.copy()
            for name, before, end in own:
                values[name] = text = before + (end(node) or "")
            if own:
                if text in used:
                    values[name] = unused(text, used)
                else:
                    used[text] = 1
            found.append(values)
        return found

    def known(self, given: Mapping[str, Value]) -> list[tuple[str, Known]]:
        """The kinds of documents that may hold those keys, the surest first; what they must say."""
        found: list[tuple[int, str, Known]] = []
        for kind, keys in self._every_keys():
            known = self._known(kind, {key: str(find(given, key.name) or "") for key in keys})
            if known is not None and (kind, known) not in [each[1:] for each in found]:
                found.append((sum(key.literal for key in keys), kind, known))
        found.sort(key=lambda each: -each[0])
        return [(kind, known) for _, kind, known in found]

    def known_by_some(self, given: Mapping[str, Value]) -> list[tuple[str, Known]]:
        """The kinds of documents that may hold an instance with some keys, and what they say."""
        found: list[tuple[str, Known]] = []
        for kind, keys in self._every_keys():
            values = {key: find(given, key.name) for key in keys}
            known = self._known(kind, {k: str(v) for k, v in values.items() if v is not None})
            if known is not None and (kind, known) not in found:
                found.append((kind, known))
        return found

    def _every_keys(self) -> Iterator[tuple[str, Sequence[Key]]]:
        """The keys in each kind of document, of each sort of element."""
        for kind in self._roots:
            for keys in self._of(kind)[1].values():
                yield kind, keys.all

    @functools.cached_property
    def counted(self) -> str:
        """The name of elements by whose number a key ends, up to the node's own; or nothing."""
        return next(iter(self._counts.values()), "")

    @functools.cached_property
    def _counts(self) -> dict[str, str]:
        """The keys that end by a number, and the name of what is counted."""
        ends = [(row.name, arm.expression.parts[-1]) for row in self._rows
                for arm in row.every_arm() if isinstance(arm.expression, Template)]
        return {name: end.name for name, end in ends
                if isinstance(end, Count) and end.name is not None and end.name == end.of}

    def number(self, given: Mapping[str, Value]) -> Optional[int]:
        """How many of the elements `counted` there are before an instance's own, by its keys."""
        matches = [_NUMBER.search(str(find(given, name) or "")) for name in self._counts]
        return next((int(match[1]) for match in matches if match), None)

    def places(self, kind: str) -> list[str]:
        """The paths in a kind of document where the texts stand that keys are composed of."""
        return [where for key in self.first(kind) for where in key.places(self._root(kind))]

    def _root(self, kind: str) -> str:
        """The name of the element at a document's root, if keys are read there."""
        top = self._roots[kind][0]  # what an expansion makes stands below it
        return top[0] if len(top) == 1 and not self._expands else ""

    def _known(self, kind: str, given: Mapping[Key, str]) -> Optional[Known]:
        """What a kind of document must say if keys have those texts; None if they never have."""
        root = self._root(kind)
        known: dict[str, str] = {}
        for key, text in given.items():
            said = key.known(text, root)
            if said is None:
                return None
            known.update(said)
        return known

    def wrong(self, given: Mapping[str, Value], paths: Sequence[Path]) -> str:
        """The key because of which none of the paths is the one given."""
        nearest = min([[name for name, value in path.keys.items() if find(given, name) != value]
                       for path in paths], key=len, default=[])
        if nearest:
            return nearest[0]
        keys = self.first(next(iter(self._roots)))
        for key in keys:
            value = find(given, key.name)
            if value is None or (len(key.parts) == 1 and key.parts[0] not in (value, "")
                                 and isinstance(key.parts[0], str)):
                return key.name
        return keys[-1].name if keys else ""
