# SPDX-License-Identifier: LGPL-2.1-or-later
"""Documents kept for a while: those of the things that were asked for last."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from typing import Callable, Optional

from .ground import Document, Source
from .hypervisor.document import extend
from .tree import Element, tags

Kept = dict[str, Document]  # by kind


class Recent:
    """The documents of what was asked for last: by kind, of a limited number of things."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()

    def of(self, key: Hashable) -> Kept:
        """The documents kept of one thing, to look in and to add to."""
        kept = self._kept.setdefault(key, {})
        self._kept.move_to_end(key)
        while len(self._kept) > self.limit:
            self._kept.popitem(last=False)
        return kept

    def __contains__(self, key: Hashable) -> bool:
        return bool(self._kept.get(key))

    def drop(self, key: Hashable) -> None:
        """Keep nothing of it."""
        self._kept.pop(key, None)


def grown(kept: Kept, kind: str, root: Element,
          texts: Callable[[tuple[str, ...]], Mapping[str, Optional[str]]],
          names: tuple[str, ...], source: Source) -> Document:
    """The document of single leaves, with those wanted that it has not got yet."""
    missing = tuple(name for name in names if name not in tags(root))
    if extend(root, texts(missing)) or kind not in kept:
        kept[kind] = Document((kind,), root, source)  # the old one remembers what it missed
    return kept[kind]
