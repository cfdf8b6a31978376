# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a query is to read: which rows of which tables, in what documents and parts of them."""

from __future__ import annotations

from functools import lru_cache
from itertools import product

from .ground import Document
from .table import REST, Names, Table

Asked = tuple[Table, str, Names]  # the kind as which it reads a document, and which of its rows


class Plan:
    """What the wanted rows (None: all but UnmappedXML) of tables are read from."""

    def __init__(self, tables: tuple[Table, ...], wanted: Names) -> None:
        self.kinds = tuple(dict.fromkeys([kind for table in tables for kind in table.kinds]))
        self.sections = sections(tables, self.kinds, wanted)
        self.rests = any(REST in (spelled(table, wanted) or ()) for table in tables)
        self._tables, self._wanted = tables, wanted
        self._of: dict[tuple[str, ...], tuple[list[Asked], list[Asked]]] = {}

    def of(self, document: Document) -> tuple[list[Asked], list[Asked]]:
        """The tables that read a document, and the associations among them."""
        found = self._of.get(document.kinds)
        if found is None:
            asked = [(table, kind, spelled(table, self._wanted)) for table in self._tables
                     for kind in [table.kind_of(document)] if kind is not None]
            found = self._of[document.kinds] = (
                [each for each in asked if not each[0].association],
                [each for each in asked if each[0].association])
        return found


plan = lru_cache(maxsize=1000)(Plan)  # a client may ask for any of the names together


@lru_cache(maxsize=1000)
def sections(tables: tuple[Table, ...], kinds: tuple[str, ...], wanted: Names) -> tuple[str, ...]:
    """The sections of documents of those kinds that will be read, or () where it may be any."""
    found: set[str] = set()
    for table, kind in product(tables, kinds):
        if kind in table.kinds:
            below = table.sections(kind, spelled(table, wanted))
            if below is None:
                return ()
            found |= below
    return tuple(sorted(found))


def spelled(table: Table, wanted: Names) -> Names:
    """The rows of a table that are asked for, in whatever case; None is all."""
    return None if wanted is None else _spelled(table, wanted)


@lru_cache(maxsize=1000)
def _spelled(table: Table, wanted: frozenset[str]) -> Names:
    low = {name.lower() for name in wanted}
    found = frozenset(name for name in table.names if name.lower() in low)
    return table.names if found == table.names else found
