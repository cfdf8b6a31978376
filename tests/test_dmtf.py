# SPDX-License-Identifier: LGPL-2.1-or-later
"""DMTF: mappings/cim says what DMTF's schema 2.49 says, and our tables keep to it.

The first part needs DMTF's own MOF files: $CIM_SCHEMA is their zip file or the directory they
were unpacked in. The second part needs our declarations only.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from libvirt_cim import mof
from libvirt_cim.cim import Class, Method, Property, find

MAPPINGS = Path(__file__).parent.parent / "mappings"
NAMESPACE = "root/dmtf"
# What a declaration in mappings/cim keeps of DMTF's; descriptions and cross references stay out.
KEPT = frozenset(
    """abstract aggregate aggregation arraytype association bitmap bitvalues composition counter
    deprecated embeddedinstance embeddedobject exception gauge in indication ispunit key max maxlen
    maxvalue min minlen minvalue octetstring out override propagated punit required valuemap values
    version weak write""".split()
)
# "Class.Property" -> a value that DMTF keeps to itself -> why it is used all the same.
RESERVED: dict[str, dict[str, str]] = {
    "Virt_FilterEntry.Action": dict.fromkeys(
        ("3", "4", "5"), "reject, return and continue: libvirt-cim's, and libvirt's own"),
    "Virt_Controller.ProtocolSupported": {
        "32768": "libvirt-cim's for CCID", "32769": "libvirt-cim's for virtio-serial"},
}


def declarations(directory: Path) -> dict[str, Class]:
    """The classes of every MOF file under a directory, by lower case name."""
    found = (
        each
        for file in sorted(directory.rglob("*.mof"))
        for each in mof.read(file.read_text("utf-8"), str(file.relative_to(MAPPINGS.parent)))
    )
    return {each.name.lower(): each for each in found if isinstance(each, Class)}


CLASSES = declarations(MAPPINGS)
CIM = [each.name for each in CLASSES.values() if each.file.startswith("mappings/cim/")]
TABLES = [each.name for each in CLASSES.values() if each.name.lower().startswith("virt_")]


# DMTF's side


def unpacked(where: Path, into: Path) -> Path:
    """The directory that holds DMTF's qualifiers.mof, out of a zip file if need be."""
    if where.is_file():
        with zipfile.ZipFile(where) as archive:
            archive.extractall(into)
        where = into
    return next(where.rglob("qualifiers.mof")).parent


@pytest.fixture(scope="module")
def dmtf(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """DMTF's own declarations of the classes that mappings/cim declares, not resolved."""
    name = os.environ.get("CIM_SCHEMA", "")
    if not name or not Path(name).exists():
        pytest.skip(f"$CIM_SCHEMA names no file or directory: {name!r}")
    pywbem = pytest.importorskip("pywbem")
    schema = unpacked(Path(name), tmp_path_factory.mktemp("dmtf"))
    files = {file.stem.lower(): file for file in schema.rglob("CIM_*.mof")}
    repository = pywbem.MOFWBEMConnection()
    compiler = pywbem.MOFCompiler(repository, search_paths=[str(schema)], log_func=None)
    for file in schema.glob("qualifiers*.mof"):
        compiler.compile_file(str(file), NAMESPACE)
    for each in (each.lower() for each in CIM):
        if each in files and each not in repository.classes.get(NAMESPACE, {}):
            compiler.compile_file(str(files[each]), NAMESPACE)
    found: Mapping[str, Any] = repository.classes[NAMESPACE]
    return found


def declared(dmtf: Mapping[str, Any], owner: Any, kind: str) -> list[Any]:
    """A class's own properties or methods, without those that pywbem has copied from above."""
    above = getattr(dmtf[owner.superclass], kind) if owner.superclass else {}
    return [each for name, each in getattr(owner, kind).items() if above.get(name) is not each]


def kept(qualifiers: Mapping[str, Any]) -> dict[str, Any]:
    """The qualifiers that count, by lower case name."""
    low = ((each.name.lower(), each.value) for each in qualifiers.values())
    return {name: value for name, value in low if name in KEPT}


def facts(element: Any) -> dict[str, Any]:
    """What is to be equal of a property or parameter, ours or pywbem's."""
    value = getattr(element, "value", None)
    return {
        "name": element.name,
        "type": element.type,
        "array": (bool(element.is_array), element.array_size),
        "REF": element.reference_class,
        "default": str(value) if element.type == "datetime" and value is not None else value,
        **kept(element.qualifiers),
    }


def method_facts(method: Any, type_: str) -> dict[str, Any]:
    """What is to be equal of a method: the type it returns, and its parameters in order."""
    parameters = [facts(each) for each in method.parameters.values()]
    return {"returns": type_, "parameters": parameters, **kept(method.qualifiers)}


def of_dmtf(dmtf: Mapping[str, Any], name: str) -> Any:
    """DMTF's declaration of a class; what only its experimental schema has must say so."""
    if name not in dmtf:
        assert CLASSES[name.lower()].qualifier("Experimental"), f"DMTF has no {name}"
        pytest.skip(f"{name} is experimental: not in DMTF's final schema")
    return dmtf[name]


@pytest.mark.corpus
@pytest.mark.parametrize("name", CIM)
def test_class(dmtf: Mapping[str, Any], name: str) -> None:
    ours, theirs = CLASSES[name.lower()], of_dmtf(dmtf, name)
    assert (ours.name, ours.superclass) == (theirs.classname, theirs.superclass)
    assert kept(ours.qualifiers) == kept(theirs.qualifiers)


@pytest.mark.corpus
@pytest.mark.parametrize("name", CIM)
def test_properties(dmtf: Mapping[str, Any], name: str) -> None:
    ours, theirs = CLASSES[name.lower()], of_dmtf(dmtf, name)
    assert {each.name: facts(each) for each in ours.properties.values()} == {
        each.name: facts(each) for each in declared(dmtf, theirs, "properties")
    }


@pytest.mark.corpus
@pytest.mark.parametrize("name", CIM)
def test_methods(dmtf: Mapping[str, Any], name: str) -> None:
    ours, theirs = CLASSES[name.lower()], of_dmtf(dmtf, name)
    assert {each.name: method_facts(each, each.type) for each in ours.methods.values()} == {
        each.name: method_facts(each, each.return_type)
        for each in declared(dmtf, theirs, "methods")
    }


@pytest.mark.corpus
@pytest.mark.parametrize("name", CIM)
def test_description_is_our_own(dmtf: Mapping[str, Any], name: str) -> None:
    ours = CLASSES[name.lower()].qualifier("Description")
    theirs = " ".join(of_dmtf(dmtf, name).qualifiers["Description"].value.split())
    assert ours and ours.rstrip(".").lower() not in theirs.lower()


# Our side


def lineage(of: str | None) -> Iterator[Class]:
    """A class and its ancestors, as far as they are declared."""
    seen: set[str] = set()
    while of and of.lower() in CLASSES and of.lower() not in seen:
        seen.add(of.lower())
        yield CLASSES[of.lower()]
        of = CLASSES[of.lower()].superclass


def inherited(table: Class, name: str) -> list[Property]:
    """What the ancestors of a class declare under a property's name, the nearest first."""
    found = (find(each.properties, name) for each in lineage(table.superclass))
    return [each for each in found if each is not None]


OVERRIDES = [
    (name, each.name)
    for name in TABLES
    for each in CLASSES[name.lower()].properties.values()
    if each.qualifier("Override") or inherited(CLASSES[name.lower()], each.name)
]


def keys(name: str) -> set[str]:
    """The names of a class's key properties, inherited ones too, in lower case."""
    declared = (each for owner in lineage(name) for each in owner.properties.values())
    return {each.name.lower() for each in declared if each.qualifier("Key")}


def span(item: str) -> tuple[float, float] | None:
    """First and last number of a ValueMap item; None for `..` and for what is not a number."""
    first, dots, last = item.partition("..")
    try:
        low = int(first, 0) if first else float("-inf")
        high = int(last, 0) if last else float("inf") if dots else low
    except ValueError:
        return None
    return (low, high) if first or last else None


def allowed(item: str, value_map: list[str], values: list[str] | None) -> bool:
    """Whether a ValueMap item lies in one item of the overridden ValueMap that is free to use."""
    free = [
        each
        for each, text in zip(value_map, values or value_map)
        if not text.lower().startswith("dmtf")
    ]
    wanted = span(item)
    ranges = [each for each in map(span, free) if each and wanted]
    return item in value_map or ".." in free or any(
        wanted and low <= wanted[0] and wanted[1] <= high for low, high in ranges
    )


def referred(each: Class) -> Iterator[str]:
    """The classes that a declaration needs: superclass, REF types, embedded instances."""
    elements: list[Property] = list(each.properties.values())
    for method in each.methods.values():
        elements += method.parameters.values()
    yield from [each.superclass] if each.superclass else []
    for element in elements:
        name = element.reference_class or element.qualifier("EmbeddedInstance")
        yield from [name] if name else []


def place(table: Class, element: Property | Method | None = None) -> str:
    """How a message names a class or an element of it: file, line, name."""
    if element is None:
        return f"{table.file}:{table.line}: {table.name}"
    return f"{table.file}:{element.line}: {table.name}.{element.name}"


def override(table: str, name: str) -> tuple[Property, list[Property], str]:
    """A redeclared property, what it redeclares (the nearest first), and how to name it."""
    ours = CLASSES[table.lower()].properties[name]
    return ours, inherited(CLASSES[table.lower()], name), place(CLASSES[table.lower()], ours)


def signature(method: Method) -> list[Any]:
    """What a method that overrides another must keep."""
    parameters = method.parameters.values()
    return [method.type, *((each.name, each.type, each.is_array) for each in parameters)]


def test_closure() -> None:
    assert CIM, f"no declarations under {MAPPINGS / 'cim'}"
    missing = {
        f"{place(each)} needs {name}"
        for each in CLASSES.values()
        for name in referred(each)
        if name.lower() not in CLASSES
    }
    assert not missing


@pytest.mark.parametrize(("table", "name"), OVERRIDES)
def test_override(table: str, name: str) -> None:
    ours, theirs, where = override(table, name)
    assert theirs, f"{where} overrides nothing"
    assert ours.qualifier("Override"), f"{where} hides {theirs[0].origin}.{name}: say Override"
    assert ours.qualifier("Override").lower() == name.lower(), where
    assert (ours.type, ours.is_array) == (theirs[0].type, theirs[0].is_array), where
    longest = [each.qualifier("MaxLen") for each in theirs if each.qualifier("MaxLen")]
    assert ours.qualifier("MaxLen", 0) <= min(longest, default=float("inf")), where
    if theirs[0].reference_class:
        narrower = [each.name.lower() for each in lineage(ours.reference_class)]
        assert theirs[0].reference_class.lower() in narrower, where


@pytest.mark.parametrize(("table", "name"), OVERRIDES)
def test_value_map(table: str, name: str) -> None:
    ours, theirs, where = override(table, name)
    limits = [each for each in theirs if each.qualifier("ValueMap")]
    if limits:
        value_map, values = limits[0].qualifier("ValueMap"), limits[0].qualifier("Values")
        items = set(ours.qualifier("ValueMap") or ()) - set(RESERVED.get(f"{table}.{name}", {}))
        refused = sorted(item for item in items if not allowed(item, value_map, values))
        assert not refused, f"{where}: {limits[0].origin} has no {refused}"


@pytest.mark.parametrize("name", TABLES)
def test_keys(name: str) -> None:
    table, ancestors = CLASSES[name.lower()], list(lineage(name))
    root = next((each for each in ancestors if each.name.startswith("CIM_")), None)
    indication = any(each.qualifier("Indication") for each in ancestors)
    if root and not indication and not table.qualifier("Abstract"):
        ours, theirs = keys(name), keys(root.name)
        assert ours, f"{place(table)} has no key"
        assert ours == (theirs or ours), f"{place(table)} has other keys than {root.name}"


@pytest.mark.parametrize("name", TABLES)
def test_methods_override(name: str) -> None:
    table = CLASSES[name.lower()]
    for ours in table.methods.values():
        above = (find(each.methods, ours.name) for each in lineage(table.superclass))
        theirs = next((each for each in above if each is not None), None)
        assert bool(theirs) == bool(find(ours.qualifiers, "Override")), place(table, ours)
        if theirs:
            assert signature(ours) == signature(theirs), place(table, ours)
