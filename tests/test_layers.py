# SPDX-License-Identifier: LGPL-2.1-or-later
"""Layers: what a module may import, name and do, by its syntax tree."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator

import pytest
from modules import ROOT, Module, code, every, imports, literals, modules, outside

from libvirt_cim.schema import load

# From the top down; a module imports from its own layer and those below. A new module goes here.
LAYERS = (
    ("command", "__main__ argument cimom command command_host command_offline command_register "
                "command_serve config conformance coverage document hosts layout output "
                "register.* serve shortpath"),
    ("adapter", "adapter.*"),
    ("provider", "broker change provider declaration convert session enumeration rebuild "
                 "whole"),
    ("service", "service.*"),
    ("query", "query association class_links explain plan published rest rewrite selection"),
    ("schema", "namespace schema model check"),
    ("table", "table tables row sheet shape identity key outside write compound constraint "
              "quantity repeated"),
    ("lens", "lens expression function ground leaf left mark mof outline root shelf value walk "
             "condition like moment wql wql_parse wql_words"),
    ("cim", "cim principal parts tree resource"),
)
BESIDE = "hypervisor.* request host recent allocation"  # imports these alone:
BESIDE_IMPORTS = {"cim", "parts", "principal", "tree", "ground", "resource"}
MAY_REQUEST = {"provider", "convert", "service"}  # who may import what is beside

# CIM's property names in Python outside service/ and function.py, each with its reason.
NAMES = {
    "UnmappedXML": "the one property that the engine itself has: rest()",
    "URI": "libvirt's word for what a connection is opened with",
    "Role": "DSP0200 has a parameter of operations that is called so",
    "Query": "DSP0200 has a parameter of operations that is called so",
    "QueryLanguage": "DSP0200 has a parameter of operations that is called so",
    "password": "who asks says one by HTTP",
    "Type": "HTTP says 415 Unsupported Media Type",
    "readonly": "libvirt-cim's configuration file has an option that is called so",
    "CreationClassName": "it is the class's name, so no table can say where it is read",
}
NO_INPUT = ("mof", "lens", "table", "schema", "expression", "root", "row", "shape",
            "key", "model", "check")
INPUT = {"os", "io", "pathlib", "shutil", "socket", "subprocess", "tempfile", "urllib", "requests"}
CALLS = {"open", "print", "input", "exec", "eval", "compile", "__import__"}
CLASS_NAME = re.compile(r"(?:CIM|Virt|KVM|Xen|LXC)_[A-Z]\w+")


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
    used = {name.lower() for module in code() for text, _ in literals(module)
            for name in text.split()}
    assert {name for name in NAMES if name.lower() not in used} == set()


@every
def test_no_class_has_its_name_in_an_adapter(module: Module) -> None:
    if module.name.startswith("adapter."):
        assert not [f"{module.file.name}:{line}: {text}" for text, line in literals(module)
                    if CLASS_NAME.search(text)]


def test_data_is_data() -> None:
    for folder in ("mappings", "page", "xml"):
        assert [str(file) for file in (ROOT / folder).rglob("*.py*")] == []
