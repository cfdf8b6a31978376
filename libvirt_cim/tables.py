# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tables of a schema by their classes' names; a program compiles those that it uses."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Callable

from .cim import Qualifier, find
from .table import Table

Qualifiers = Mapping[str, Qualifier]


class Tables(Mapping[str, Table]):
    """The tables by their classes' names, each compiled when it is asked for."""

    def __init__(self, compiled: Callable[[str], Table]) -> None:
        self.heads: dict[str, Qualifiers] = {}  # the qualifiers of each class that is a table
        self._compiled = compiled
        self._done: dict[str, Table] = {}

    def __getitem__(self, name: str) -> Table:
        found = self._done.get(name)
        if found is None and name in self.heads:
            found = self._done[name] = self._compiled(name)
        if found is None:
            raise KeyError(name)
        return found

    @functools.cached_property
    def associations(self) -> frozenset[str]:
        """The names of those classes that are associations."""
        return frozenset(name for name, head in self.heads.items() if true(head, "Association"))

    def __iter__(self) -> Iterator[str]:
        return iter(self.heads)

    def __len__(self) -> int:
        return len(self.heads)

    def __contains__(self, name: object) -> bool:
        return name in self.heads


def true(head: Qualifiers, name: str) -> bool:
    """Whether a qualifier that is true or false is set to true."""
    found = find(head, name)
    return found is not None and bool(found.value)
