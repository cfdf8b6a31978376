# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tables of a schema by their classes' names; a program compiles those that it uses."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Callable

from .table import Table


class Tables(Mapping[str, Table]):
    """The tables by their classes' names, each compiled when it is asked for."""

    def __init__(self, compiled: Callable[[str], Table],
                 true: Callable[[str, str], bool]) -> None:
        self.names: dict[str, None] = {}  # of the classes that are tables, in order
        self._compiled = compiled
        self._true = true  # whether a qualifier of a class is
        self._done: dict[str, Table] = {}

    def __getitem__(self, name: str) -> Table:
        found = self._done.get(name)
        if found is None and name in self.names:
            found = self._done[name] = self._compiled(name)
        if found is None:
            raise KeyError(name)
        return found

    @functools.cached_property
    def associations(self) -> frozenset[str]:
        """The names of those classes that are associations."""
        return frozenset(name for name in self.names if self._true(name, "Association"))

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def __contains__(self, name: object) -> bool:
        return name in self.names
