# SPDX-License-Identifier: LGPL-2.1-or-later
"""How a table file is laid out, so that a reviewer checks it by eye. Knows text, not meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

LINES, WIDTH = 300, 100
SPDX = "// SPDX-License-Identifier: LGPL-2.1-or-later"
_INDENT = "   "
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/|\w+|[^\s\w]', re.DOTALL)
_NAME = re.compile(r"(\w+)\s*(?:\[\d*\])?\s*(?:=[^;]*)?;$", re.DOTALL)


class Row(NamedTuple):
    """A property as it is written: its text from the bracket to the semicolon, and its line."""

    text: str
    line: int


def mistakes(text: str, name: str) -> Iterator[str]:
    """What is wrong with the layout of a table file, each as `name:line: what`."""
    lines = text.splitlines()
    if not lines or lines[0] != SPDX:
        yield f"{name}:1: the first line is not {SPDX!r}"
    if len(lines) > LINES:
        yield f"{name}:{LINES + 1}: the file has {len(lines)} lines, more than {LINES}"
    for number, line in enumerate(lines, 1):
        if len(line) > WIDTH:
            yield f"{name}:{number}: the line has {len(line)} columns, more than {WIDTH}"
        if line != line.rstrip() or "\t" in line:
            yield f"{name}:{number}: the line has a tab, or spaces at its end"
    for row in rows(text):
        if "\n" in row.text and len(_INDENT + _joined(row)) <= WIDTH and "//" not in row.text:
            found = _NAME.search(row.text)
            yield f"{name}:{row.line}: {found[1] if found else 'the property'} fits on one line"


def _joined(row: Row) -> str:
    return " ".join(row.text.split())


def rows(text: str) -> Iterator[Row]:
    """The properties of all classes, not the methods."""
    depth, start, method = 0, -1, False
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token[:2] in ("//", "/*"):
            continue
        if depth == 1 and token == ";":
            if start >= 0 and not method:
                yield Row(text[start:match.end()], text.count("\n", 0, start) + 1)
            start, method = -1, False
            continue
        if depth == 1 and start < 0 and token != "}":
            start = match.start()
        method = method or (depth == 1 and token == "(")
        depth += (token in "{([") - (token in "})]")
        start = start if depth else -1
