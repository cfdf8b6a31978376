# SPDX-License-Identifier: LGPL-2.1-or-later
"""The package's modules as their syntax trees say them: what they import and which texts they have.

Imports that are for type checking only do not count.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "libvirt_cim"


class Module(NamedTuple):
    """A module of the package and what it says."""

    name: str
    file: Path
    text: str
    tree: ast.Module


class Import(NamedTuple):
    """One import: the module imported, where, and whether it is done when the module loads."""

    target: str
    line: int
    at_once: bool


@functools.cache
def modules() -> dict[str, Module]:
    """Every module by its name below the package."""
    found = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(file.relative_to(PACKAGE).with_suffix("").parts)
        text = file.read_text("utf-8")
        found[name] = Module(name, file, text, ast.parse(text))
    return found


def code() -> list[Module]:
    """The modules but the packages' own, which only say what is in them."""
    return [each for each in modules().values() if not each.name.endswith("__init__")]


every = pytest.mark.parametrize("module", code(), ids=lambda each: each.name)


@functools.cache
def imports(name: str) -> list[Import]:
    """What a module imports of the package, but for type checking only."""
    return list(_imports(modules()[name], modules()[name].tree, True))


def _imports(module: Module, node: ast.AST, at_once: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        if isinstance(child, ast.ImportFrom) and child.level:
            for target in _targets(module, child):
                yield Import(target, child.lineno, at_once)
        lazy = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef))
        yield from _imports(module, child, at_once and not lazy)


def _targets(module: Module, node: ast.ImportFrom) -> Iterator[str]:
    package = module.name.split(".")[:-1]
    base = package[: len(package) - node.level + 1] + (node.module or "").split(".")
    base = [part for part in base if part]
    for alias in node.names:
        whole = ".".join([*base, alias.name])
        yield whole if whole in modules() else ".".join(base) or alias.name


def outside(module: Module) -> set[str]:
    """The other packages that a module imports, anywhere in it."""
    found = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module.partition(".")[0])
    return found


def literals(module: Module) -> Iterator[tuple[str, int]]:
    """The texts in a module's code, docstrings left out."""
    documentation = {
        id(node.body[0].value) for node in ast.walk(module.tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(module.tree):
        if (isinstance(node, ast.Constant) and isinstance(node.value, str)
                and id(node) not in documentation):
            yield node.value, node.lineno
