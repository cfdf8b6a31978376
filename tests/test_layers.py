# SPDX-License-Identifier: LGPL-2.1-or-later
"""Layers: what a module may import, name and do, and how long it may be, by its syntax tree."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from libvirt_cim.schema import load

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "libvirt_cim"

# From the top down; a module imports from its own layer and those below. A new module goes here.
LAYERS = (
    ("command", "__main__ command command_offline config coverage document explain layout output "
                "published shortpath"),
    ("adapter", "adapter.*"),
    ("provider", "provider convert"),
    ("service", "service.*"),
    ("query", "query association rest rewrite"),
    ("schema", "schema model check"),
    ("table", "table row shape key outside write compound quantity repeated"),
    ("lens", "lens expression function ground mof value walk"),
    ("cim", "cim tree resource"),
)
BESIDE = "hypervisor.* request"  # imports these alone:
BESIDE_IMPORTS = {"cim", "tree", "ground"}
MAY_REQUEST = {"provider", "convert", "service"}  # who may import what is beside

# CIM's property names in Python outside service/ and function.py, each with its reason.
NAMES = {
    "UnmappedXML": "the one property that the engine itself has: rest()",
    "CreationClassName": "it is the class's name, so no table can say where it is read",
}
NO_INPUT = ("mof", "lens", "table", "schema", "expression", "row", "shape", "key", "model", "check")
INPUT = {"os", "io", "pathlib", "shutil", "socket", "subprocess", "tempfile", "urllib", "requests"}
CALLS = {"open", "print", "input", "exec", "eval", "compile", "__import__"}
CLASS_NAME = re.compile(r"(?:CIM|Virt|KVM|Xen|LXC)_[A-Z]\w+")
MOST_LINES, MOST_OF_A_FUNCTION, COLUMNS = 300, 25, 100
NO_LICENCE = re.compile(r"COPYING|\.gitignore|.*\.(?:err|json|golden|png|svg)|py\.typed")


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


def layer(name: str) -> int:
    """The number of a module's layer, from the top; what is beside has none: -1."""
    for number, (_, names) in enumerate([*LAYERS, ("beside", BESIDE)]):
        for pattern in names.split():
            if name == pattern or pattern.endswith(".*") and name.startswith(pattern[:-1]):
                return number if number < len(LAYERS) else -1
    raise AssertionError(f"{name} has no layer: add it to LAYERS in {__file__}")


# layers

@every
def test_imports_lead_down(module: Module) -> None:
    mine = layer(module.name)
    for each in imports(module.name):
        target = each.target
        if target in ("adapter", "hypervisor", "service"):
            target += ".__init__"
        where = f"{module.file.name}:{each.line}: imports {each.target}"
        theirs = layer(target)
        if mine == -1:
            assert theirs == -1 or target in BESIDE_IMPORTS, where
        elif theirs == -1:
            assert {LAYERS[mine][0], module.name} & MAY_REQUEST, where
        else:
            assert theirs >= mine, where


@pytest.mark.parametrize("at_once", [True, False], ids=["at import time", "at any time"])
def test_no_cycles(at_once: bool) -> None:
    done: set[str] = set()

    def visit(name: str, above: tuple[str, ...]) -> None:
        assert name not in above, " → ".join([*above[above.index(name):], name])
        if name in modules() and name not in done:
            for each in imports(name):
                if each.at_once or not at_once:
                    visit(each.target, (*above, name))
            done.add(name)

    for name in modules():
        visit(name, ())


def test_every_layer_is_there() -> None:
    assert [number for number, _ in enumerate(LAYERS) if LAYERS[number][0] != "service"
            and number not in {layer(each.name) for each in code()}] == []


def test_the_offline_conversion_needs_no_libvirt() -> None:
    reached, todo = set(), ["convert"]
    while todo:
        name = todo.pop()
        if name in modules() and name not in reached:
            reached.add(name)
            todo += [each.target for each in imports(name) if each.at_once]
    assert not [name for name in reached if "libvirt" in outside(modules()[name])]


# nevers

@every
def test_libvirt_and_pywbem_stay_where_they_belong(module: Module) -> None:
    found = outside(module)
    if not module.name.startswith("hypervisor."):
        assert not {"libvirt", "libvirtmod", "libvirtaio"} & found
        names = [alias.name for node in ast.walk(module.tree)
                 if isinstance(node, ast.ImportFrom) for alias in node.names]
        assert "libvirt" not in names
    if not module.name.startswith("adapter.pywbem"):
        assert "pywbem" not in found
    if not module.name.startswith("adapter.cmpi"):
        assert "ctypes" not in found


@every
def test_the_engine_reads_and_writes_no_files(module: Module) -> None:
    if module.name in NO_INPUT:
        assert not INPUT & outside(module)
        assert not [f"{module.file.name}:{node.lineno}" for node in ast.walk(module.tree)
                    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
                    and node.func.id in CALLS]


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


@functools.cache
def properties() -> frozenset[str]:
    """The names of all properties that the tables and their superclasses declare."""
    return frozenset(name for class_ in load().declared.values() for name in class_.properties)


def property_names(module: Module) -> Iterator[tuple[str, int]]:
    """The property names in a module's texts; some qualifiers are called like a property."""
    qualifiers = {
        (argument.value, argument.lineno) for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        and node.func.attr == "qualifier" for argument in node.args
        if isinstance(argument, ast.Constant)
    }
    for text, line in literals(module):
        for word in text.split():
            if word in properties() and (text, line) not in qualifiers:
                yield word, line


@every
def test_no_property_has_its_name_in_python(module: Module) -> None:
    if not module.name.startswith("service.") and module.name != "function":
        assert not [f"{module.file.name}:{line}: {name}" for name, line in property_names(module)
                    if name not in NAMES]


def test_no_exception_is_out_of_date() -> None:
    assert set(NAMES) <= properties()
    used = {name.lower() for module in code() for text, _ in literals(module) for name in [text]}
    assert {name for name in NAMES if name.lower() not in used} == set()


@every
def test_no_class_has_its_name_in_an_adapter(module: Module) -> None:
    if module.name.startswith("adapter."):
        assert not [f"{module.file.name}:{line}: {text}" for text, line in literals(module)
                    if CLASS_NAME.search(text)]


def test_data_is_data() -> None:
    for folder in ("mappings", "xml"):
        assert [str(file) for file in (ROOT / folder).rglob("*.py*")] == []


# sizes and licence

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
        public = isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_")
        assert not public or ast.get_docstring(node), f"{module.file.name}:{node.lineno}"


def test_every_file_names_its_licence() -> None:
    folders = ("libvirt_cim", "mappings", "xml", "tests", "contrib", ".ci")
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
