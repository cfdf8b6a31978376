# SPDX-License-Identifier: LGPL-2.1-or-later
"""Instances made of what a listing tells: leaves of every guest side by side, without documents.

A table has a sheet for the wanted rows if its instances are whole documents, and each of the rows
is one leaf right below the root, in the document or in another one of the same name.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Callable, NamedTuple, Optional

from .cim import Instance, Path, Value
from .expression import Join, Location, Step
from .ground import ROOTS, Column
from .lens import TextLens
from .repeated import ListLens
from .row import Row
from .table import Names, Table

Texts = Sequence[Optional[str]]
Read = Callable[[str], Value]
MEANINGS = 1000  # of a row, at most kept
_NAME = Step("child", "name")  # the leaf that documents of one thing have in common


class Meanings(dict[str, Value]):
    """What the texts of a row mean, found out once for each: most rows have few."""

    def __init__(self, read: Read) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, text: str) -> Value:
        if len(self) >= MEANINGS:
            self.clear()
        self[text] = found = self._read(text)
        return found


class Cell(NamedTuple):
    """Where the text of a row stands, and what reads it."""

    place: Column
    read: Read


class Sheet:
    """What makes instances of a table of leaves side by side."""

    def __init__(self, table: Table, wanted: frozenset[str], cells: Mapping[str, Cell]) -> None:
        self.columns = list(dict.fromkeys(cell.place for cell in cells.values()))
        keys = table.identity.first(table.kinds[0])
        numbers = {name: self.columns.index(cell.place) for name, cell in cells.items()}
        self._class_name = table.name
        self._same = {key.name: key.same for key in keys if key.name not in cells}
        self._keys = [(key.name, numbers[key.name]) for key in keys if key.name in cells]
        self._constants = {name: value for name, value in {**table.constants, **self._same}.items()
                           if name in wanted}
        self._cells = [(name, numbers[name], cell.read) for name, cell in cells.items()
                       if name in wanted]

    def instances(self, rows: Iterable[Texts]) -> Iterator[Instance]:
        """An instance for each row of leaves."""
        name, cells = self._class_name, self._cells
        for texts in rows:
            keys, values = self._same.copy(), self._constants.copy()
            for key, column in self._keys:
                keys[key] = texts[column] or ""
            for row, column, read in cells:
                text = texts[column]
                value = None if text is None else read(text)
                if value is not None:
                    values[row] = value
            yield Instance(name, values, Path(name, keys))


@functools.lru_cache(maxsize=1000)  # a client may ask for any of the names together
def sheet(table: Table, wanted: Names) -> Optional[Sheet]:
    """The sheet of a table's wanted rows; None where documents must be read."""
    if wanted is None or not _whole(table):
        return None
    cells: dict[str, Cell] = {}
    for row in table.rows.values():
        if not row.constant and (row.name in wanted or row.declared.qualifier("Key")):
            cell = _cell(table, row)
            if cell is None:
                return None
            cells[row.name] = cell
    return Sheet(table, wanted, cells) if cells else None


def _whole(table: Table) -> bool:
    """Whether an instance is a document of the one kind that the table is of, whatever is in it."""
    if len(table.kinds) != 1 or table.association or table.expand or table.discriminators:
        return False
    roots = table.roots[table.kinds[0]]
    return [len(root) for root in roots] == [1] and not any(root.tests for root in roots)


def _cell(table: Table, row: Row) -> Optional[Cell]:
    """The one leaf that a row reads, as its lens reads it; None if it is not so simple."""
    kind = table.kinds[0]
    found = row.fitting(kind, ROOTS[kind], {})
    document, value = kind, found[0] if len(found) == 1 else None
    if isinstance(value, Join):
        if not _of_one_name(value, kind):
            return None
        document, value = value.document, value.value
    leaf = _leaf(value, ROOTS[document])
    if leaf is None:
        return None
    lens = table.maker.lens(row, Location(False, (leaf,)), table.rows)
    if not isinstance(lens, (TextLens, ListLens)):
        return None
    read: Read = Meanings(lens.converter.read).__getitem__ if lens.converter else str
    return Cell((document, leaf.name), read if isinstance(lens, TextLens) else _alone(read))


def _alone(read: Read) -> Read:
    """What reads a text as a list of it alone."""
    return lambda text: [read(text)]


def _of_one_name(join: Join, kind: str) -> bool:
    """Whether a join leads to the root of the document that has our name."""
    root = ROOTS[join.document]
    tests = [(_leaf(theirs, root), _leaf(ours, ROOTS[kind])) for theirs, ours in join.tests]
    return not join.total and join.path == (root,) and tests == [(_NAME, _NAME)]


def _leaf(found: Any, root: str) -> Optional[Step]:
    """The step to the child of the root whose text an expression is, if it is one's."""
    if not isinstance(found, Location):
        return None
    *above, leaf = found.steps or (None,)
    if [step.name for step in above] != [root] * found.absolute or leaf is None:
        return None
    return leaf if leaf.kind == "child" and leaf.test is None else None
