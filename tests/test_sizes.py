# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sizes and licence: how long modules, functions and tables may be; what each file has to say."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from modules import ROOT, Module, every

MOST_LINES, MOST_OF_A_FUNCTION, COLUMNS = 300, 25, 100
NO_LICENCE = re.compile(r"COPYING|\.gitignore|.*\.(?:err|json|golden|png|svg)|py\.typed")


@every
def test_sizes(module: Module) -> None:
    lines = module.text.splitlines()
    assert len(lines) <= MOST_LINES
    assert [number for number, line in enumerate(lines, 1) if len(line) > COLUMNS] == []
    assert not [
        f"{module.file.name}:{node.lineno}: {node.name} has {_length(node)} lines"
        for node in ast.walk(module.tree)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and _length(node) > MOST_OF_A_FUNCTION
    ]


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def tables() -> list[Path]:
    return sorted((ROOT / "mappings").rglob("*.mof"))


@pytest.mark.parametrize("file", tables(), ids=lambda file: str(file.relative_to(ROOT)))
def test_sizes_of_tables(file: Path) -> None:
    lines = file.read_text("utf-8").splitlines()
    assert len(lines) <= MOST_LINES
    assert [number for number, line in enumerate(lines, 1) if len(line) > COLUMNS] == []


@every
def test_what_is_public_is_documented(module: Module) -> None:
    assert ast.get_docstring(module.tree)
    for node in module.tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{module.file.name}:{node.lineno}"


def test_every_file_names_its_licence() -> None:
    folders = ("libvirt_cim", "mappings", "page", "xml", "tests", "contrib", ".ci")
    files = [file for name in folders for file in sorted((ROOT / name).rglob("*"))]
    files += sorted(ROOT.iterdir())
    missing = [
        str(file.relative_to(ROOT)) for file in files if file.is_file() and not _made(file)
        and not NO_LICENCE.fullmatch(file.name)
        and b"SPDX-License-Identifier: LGPL-2.1-or-later" not in file.read_bytes()[:300]
    ]
    assert missing == []


def _made(file: Path) -> bool:
    """Whether a tool made it: caches, builds."""
    parts = file.relative_to(ROOT).parts
    return "__pycache__" in parts or any(
        part.startswith(".") and part not in (".ci", ".gitignore") for part in parts)
