# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command `mof`: what a CIM server loads, and what its compiler asks of it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import printed
from mof_compiler import compiled, whole

from libvirt_cim import mof, published
from libvirt_cim.cim import Class, Method, Property, Qualifier, QualifierType
from libvirt_cim.model import Model
from libvirt_cim.schema import load

PREFIXES = ("KVM", "LXC", "Virt", "Xen")


def declared(text: str) -> set[str]:
    return {each.name for each in mof.read(text) if isinstance(each, Class)}


def experimental(name: str) -> bool:
    """Whether DMTF has a class among its experimental ones only, so that ours is needed."""
    return bool(load().declared[name].qualifier("Experimental")) if name in load() else False


@pytest.mark.parametrize("prefix", PREFIXES)
def test_it_compiles_after_the_schema_of_dmtf(prefix: str, dmtf: Path) -> None:
    text = printed("mof", "--prefix", prefix)
    names = declared(text)
    assert names <= set(compiled(text, dmtf))
    assert {name.partition("_")[0] for name in names if not experimental(name)} <= {prefix, "Virt"}


@pytest.mark.parametrize("prefix", PREFIXES)
def test_with_cim_it_compiles_alone(prefix: str) -> None:
    text = printed("mof", "--prefix", prefix, "--cim")
    assert declared(text) == set(compiled(text))


@pytest.mark.parametrize("compiler", ["sfcbmof", "cimmofl"])
@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("cim", [(), ("--cim",)])
def test_it_compiles_with_the_compilers_of_servers(
    prefix: str, compiler: str, cim: tuple[str, ...], tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"there is no {compiler}")
    (tmp_path / "all.mof").write_text(printed("mof", "--prefix", prefix, *cim), "utf-8")
    (tmp_path / "root/virt").mkdir(parents=True)
    schema = None if cim else request.getfixturevalue("dmtf")
    for command in COMMANDS[compiler](schema):
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        said = (ran.stdout + ran.stderr).lower()
        assert ran.returncode == 0 and not re.search("error|not found|problem|failed", said), ran


def by_sfcbmof(schema: Path | None) -> list[list[str]]:
    """What compiles all.mof, behind DMTF's schema if there is one."""
    before = ["-I", str(schema), "-i", whole(schema).name] if schema else []
    return [["sfcbmof", "-d", "./", "-n", "root/virt", "-o", "classSchemas", *before, "all.mof"]]


def by_cimmofl(schema: Path | None) -> list[list[str]]:
    compiler = ["cimmofl", "-aEV", "-R", ".", "-n", "root/virt"]
    before = [[*compiler, "-I", str(schema), str(whole(schema))]] if schema else []
    return [*before, [*compiler, "all.mof"]]


COMMANDS = {"sfcbmof": by_sfcbmof, "cimmofl": by_cimmofl}


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("cim", [(), ("--cim",)])
def test_every_name_is_declared_before_its_use(prefix: str, cim: tuple[str, ...]) -> None:
    known: set[str] = set()
    for each in mof.read(printed("mof", "--prefix", prefix, *cim)):
        if isinstance(each, QualifierType):
            assert not any("_" in name for name in known)  # qualifiers are first
            continue
        assert isinstance(each, Class)
        for name in (each.superclass, *(row.reference_class for row in each.properties.values()),
                     *(row.qualifier("EmbeddedInstance") for row in each.properties.values())):
            assert name is None or name in known or not cim and name.startswith("CIM_"), each.name
        known.add(each.name)


@pytest.mark.parametrize("prefix", PREFIXES)
def test_no_server_stumbles_over_it(prefix: str) -> None:
    """Empty arrays, long literals and defaults of arrays: sfcb's and OpenPegasus' defects."""
    text = printed("mof", "--prefix", prefix, "--cim")
    assert not re.search(r"\{\s*\}[\s,\]]", text)
    assert max(map(len, re.findall(r'"((?:[^"\\]|\\.)*)"', text))) < 1024
    assert not re.search(r"\[\d*\]\s*=", text.replace("string[] =", ""))
    for declaration in re.findall(r"^Qualifier [^;]*;", text, re.MULTILINE):
        assert "Flavor" not in declaration.partition("Scope")[0]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_every_qualifier_is_in_its_scope(prefix: str) -> None:
    """OpenPegasus refuses a class with any that is not."""
    found = mof.read(printed("mof", "--prefix", prefix, "--cim"))
    scopes = {each.name: each.scopes for each in found if isinstance(each, QualifierType)}
    for class_ in (each for each in found if isinstance(each, Class)):
        for element, scope in elements(class_):
            wrong = [name for name in element.qualifiers
                     if not {scope, "any"}.intersection(scopes[name])]
            assert not wrong, (class_.name, element.name)


def elements(class_: Class) -> Iterator[tuple[Class | Property | Method, str]]:
    """All of a class that has qualifiers, and the scope that is its."""
    yield class_, "association" if class_.qualifier("Association") else "class"
    for row in class_.properties.values():
        yield row, "property" if row.reference_class is None else "reference"
    for method in class_.methods.values():
        yield method, "method"
        for parameter in method.parameters.values():
            yield parameter, "parameter"


def test_every_row_names_its_documents() -> None:
    for each in mof.read(printed("mof", "--prefix", "KVM")):
        if isinstance(each, Class):
            for row in each.properties.values():
                for text in row.qualifier("MappingStrings", []):
                    assert re.match(r"[A-Z]\w*\.libvirt\|", text), (each.name, row.name, text)


def test_a_row_is_written_out_for_the_documents_that_no_other_string_names() -> None:
    row = Property("A", "string", qualifiers={"MappingStrings": Qualifier(
        "MappingStrings", ["DomainXML.libvirt|x", "y", "VolumeXML.libvirt|/volume"])})
    assert published.places(row, ["DomainConfigXML", "DomainXML"]) == [
        ("DomainXML", "x"), ("DomainConfigXML", "y"), ("VolumeXML", "/volume")]


def test_a_superclass_is_first_even_if_it_names_its_subclass() -> None:
    model = Model(mof.read("class B : A { }; class A { B REF R; }; class C { B REF R; };"))
    assert published.ordered(model.declared, ["A", "B", "C"]) == ["A", "B", "C"]
    assert published.ordered(model.declared, ["B", "C"]) == ["A", "B", "C"]
