# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tables as documentation: reStructuredText of plain docutils, a page for each table file.

Says what explain.py says of every class; knows how it is marked up, not what it means.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

from .explain import Cell, Page, explain
from .schema import Schema

INDEX = "index"


def pages(schema: Schema) -> Iterator[tuple[str, str]]:
    """The name of every page and its text; the last one is the index of all classes."""
    files: dict[str, list[str]] = {}
    for name, class_ in schema.declared.items():
        if not name.startswith("CIM_"):
            files.setdefault(class_.file, []).append(name)
    for file, names in files.items():
        title = page_name(file)
        parts = [heading(title, "="), *(class_text(explain(schema, name)) for name in names)]
        yield title, "\n".join(parts)
    yield INDEX, _index(schema, files)


def page_name(file: str) -> str:
    """The page of a table file: mappings/domain/disk.mof is domain-disk."""
    parts = posixpath.splitext(file)[0].split("/")
    return "-".join(parts[1:] or parts)


def class_text(page: Page) -> str:
    """A class: what holds for all of it, and a table of its properties."""
    lines = [heading(page.title, "-")]
    for label, cell in page.facts:
        lines.append(f":{label}: " + " ".join(_marked(label, line) for line in cell))
    lines.append("")
    if page.rows:
        lines += _table(page.header, page.rows)
    for label, cell in page.notes:
        lines += [f"*{label}:* {_escaped(' '.join(cell))}", ""]
    return "\n".join(lines)


def heading(text: str, line: str) -> str:
    """A title with the line below it."""
    return f"{_escaped(text)}\n{line * len(_escaped(text))}\n"


def _table(header: Sequence[str], rows: Sequence[tuple[Cell, ...]]) -> list[str]:
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in ([(each,) for each in header], *rows):
        for number, cell in enumerate(row):
            texts = [_marked(header[number], text) for text in cell if text] or [""]
            lines.append(("   * - " if number == 0 else "     - ") + texts[0])
            for text in texts[1:]:
                lines += ["", f"       {text}"]
    return [line.rstrip() for line in lines] + [""]


_CODE = ("from", "stands for", "declared")


def _marked(label: str, text: str) -> str:
    """A text of a column: code where it is a path or a place."""
    code = label in _CODE and text not in _CODE and not text.startswith("always ")
    return f"``{text}``" if code and text else _escaped(text)


def _escaped(text: str) -> str:
    for mark in "\\*`|_":
        text = text.replace(mark, f"\\{mark}")
    return text


def _index(schema: Schema, files: dict[str, list[str]]) -> str:
    lines = [heading(f"Classes of {schema.prefix}", "=")]
    for file, names in files.items():
        lines.append(f"`{page_name(file)} <{page_name(file)}.html>`_")
        lines += [f"  {_escaped(name)}: "
                  f"{_escaped(str(schema.declared[name].qualifier('Description', '')))}\n"
                  for name in names]
    return "\n".join(lines)
