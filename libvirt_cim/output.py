# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the command prints: instances in three formats, paths, pages; plain, or as a terminal likes.

Everything is printed as it comes. Knows rich, and no class.
"""

from __future__ import annotations

import os
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from .adapter import cimxml, json, mof
from .adapter.common import Classes
from .cim import Instance, Path, Value
from .explain import Cell, Page

FORMATS = ("mof", "cimxml", "json")
_WIDTH = 80  # of a cell in plain text
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_STYLES = (
    (r"//.*", "dim"), (r'"(?:[^"\\]|\\.)*"', "green"), (r"\b(?:NULL|true|false)\b", "magenta"),
    (r"(?<== )-?\d[\d.]*", "magenta"), (r"^ +\w+(?= =)", "cyan"), (r"(?<=instance of )\w+", "bold"),
)


def terminal() -> bool:
    """Whether colours and tables are for whoever reads standard output."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") in (None, "", "dumb")
    return sys.stdout.isatty() and not plain


# instances

def instances(
    found: Iterable[Instance], format_: str, classes: Classes, paths: bool = False
) -> None:
    """Print instances, their properties in declared order; MOF has `paths` as comments."""
    given = (ordered(each, classes) for each in found)
    if format_ == "json":
        pieces: Iterable[str] = json.encode(given)
    elif format_ == "cimxml":
        pieces = cimxml.Encoder(classes).document(given)
    else:
        pieces = _mof(given, classes, paths)
    show = _coloured if format_ == "mof" and terminal() else write
    for piece in pieces:
        show(piece)


def ordered(instance: Instance, classes: Classes) -> Instance:
    """An instance whose properties are in the order that its class declares them in."""
    declared = classes(instance.class_name).properties
    values = {name: instance.properties[name] for name in declared if name in instance.properties}
    return attrs.evolve(instance, properties={**values, **instance.properties})


def _mof(found: Iterable[Instance], classes: Classes, paths: bool) -> Iterator[str]:
    for each in found:
        if paths and each.path is not None:
            yield f"// {_CONTROL.sub('?', str(each.path))}\n"
        yield mof.instance(each, classes) + "\n"


def names(found: Iterable[Path]) -> None:
    """Print paths, one a line."""
    for each in found:
        write(_CONTROL.sub("?", str(each)) + "\n")


def values(found: Mapping[str, Value]) -> None:
    """Print names and what they mean, each value of an array on a line of its own."""
    for name, value in found.items():
        for each in value if isinstance(value, list) else [value]:
            write(f"{name} = {each}\n")


def write(text: str) -> None:
    """Print a text as it is, at once."""
    sys.stdout.write(text)
    sys.stdout.flush()


def _console() -> Any:
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False)


def _coloured(text: str) -> None:
    from rich.text import Text

    shown = Text(text, end="")
    for pattern, style in _STYLES:
        for match in re.finditer(pattern, text, re.MULTILINE):
            if not shown.plain[: match.start()].rpartition("\n")[2].startswith("//"):
                shown.stylize(style, *match.span())
    _console().print(shown, soft_wrap=True, end="")


# pages

def page(given: Page) -> None:
    """Print a page: its title, its facts, its table."""
    if terminal():
        _rich_page(given)
    else:
        write("\n".join(_plain_page(given)) + "\n")


def _plain_page(given: Page) -> Iterator[str]:
    yield given.title
    yield from _facts(given.facts)
    if given.rows:
        yield ""
        yield from table([given.header], given.rows)
    if given.notes:
        yield ""
        yield from _facts(given.notes)


def _facts(facts: Sequence[tuple[str, Cell]]) -> Iterator[str]:
    width = max((len(label) for label, _ in facts), default=0)
    for label, cell in facts:
        for number, line in enumerate(_wrapped(cell, 98 - width - 4)):
            yield f"  {label if number == 0 else '':{width}}  {line}"


def _wrapped(cell: Cell, width: int = _WIDTH) -> list[str]:
    lines = [part for line in cell
             for part in textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False)]
    return lines or [""]


def table(header: Sequence[Cell], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """Lines of text in columns; a cell has several if it must."""
    cells = [[[each] for each in line] for line in header]
    cells += [[_wrapped(cell) for cell in row] for row in rows]
    widths = [max(len(line) for line in column) for column in
              ([line for cell in column for line in cell] for column in zip(*cells))]
    for row in cells:
        for number in range(max(map(len, row))):
            lines = [cell[number] if number < len(cell) else "" for cell in row]
            yield "  ".join(f"{line:{width}}" for line, width in zip(lines, widths)).rstrip()


def _rich_page(given: Page) -> None:
    console = _console()
    console.print(given.title, style="bold")
    console.print(_rich_facts(given.facts))
    if given.rows:
        console.print(_rich_table(given))
    if given.notes:
        console.print(_rich_facts(given.notes))


def _rich_facts(facts: Sequence[tuple[str, Cell]]) -> Any:
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    for label, cell in facts:
        grid.add_row(f"  {label}", "\n".join(cell))
    return grid


def _rich_table(given: Page) -> Any:
    from rich.table import Table

    shown = Table(*given.header, header_style="bold")
    for row in given.rows:
        shown.add_row(*("\n".join(cell) for cell in row))
    return shown
