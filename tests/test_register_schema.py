# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a server is given compiles on DMTF's schema, on an older one, and on none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from mof_compiler import compiled

from libvirt_cim.config import Connection
from libvirt_cim.register import schema_files
from libvirt_cim.register.plan import Plan, plan

PLACES = ("root/virt", "root/interop", "root/cimv2")
URIS = ("qemu:///system", "xen:///", "lxc:///", "test:///default")
# Classes that are in DMTF's schema today; an older one lacks them.
LATER = ("CIM_TextRedirectionSAP", "CIM_MetricServiceCapabilities",
         "CIM_SettingsDefineCapabilities", "CIM_VirtualEthernetSwitchSettingData")


def planned(*uris: str) -> Plan:
    return plan([Connection(each, f"root/virt/{number}" if number else "root/virt")
                 for number, each in enumerate(uris)], "root/interop")


def names(folder: Path) -> set[str]:
    return {each for file in folder.rglob("CIM_*.mof") for each in schema_files.declared(file)}


@pytest.fixture(scope="session")
def older(dmtf: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """DMTF's schema without some of its classes."""
    place = tmp_path_factory.mktemp("older") / "schema"
    shutil.copytree(dmtf, place)
    for name in LATER:
        next(place.rglob(f"{name}.mof")).unlink()
    return place


@pytest.mark.corpus
@pytest.mark.parametrize("namespace", PLACES)
@pytest.mark.parametrize("uri", URIS)
def test_on_the_schema_of_dmtf(dmtf: Path, uri: str, namespace: str) -> None:
    """Only experimental classes are missing."""
    found, there = planned(uri), names(dmtf)
    missing = found.missing(namespace, there)
    assert all(found.classes[namespace][each].qualifier("Experimental") for each in missing)
    have = compiled(found.mof(namespace, there), dmtf)
    assert {each.name for each in found.entries.values()
            if namespace in each.namespaces} <= set(have)


@pytest.mark.corpus
@pytest.mark.parametrize("namespace", PLACES)
def test_on_an_older_schema(older: Path, namespace: str) -> None:
    """What it lacks is ours."""
    found, there = planned(URIS[0]), names(older)
    text = found.mof(namespace, there)
    lacking = [each for each in LATER if each in found.classes[namespace]]
    assert set(lacking) <= set(found.missing(namespace, there))
    assert all(f"\nclass {each} " in text for each in lacking)
    have = compiled(text, older)
    assert {each.name for each in found.entries.values()
            if namespace in each.namespaces} <= set(have)


def test_an_older_schema_lacks_something() -> None:
    assert set(LATER) <= set(planned(URIS[0]).classes["root/virt"])


@pytest.mark.corpus
@pytest.mark.parametrize("namespace", PLACES)
def test_what_is_included_is_all_that_is_needed(
    dmtf: Path, namespace: str, tmp_path: Path
) -> None:
    """Where a namespace is new: each file includes after those that it needs."""
    found = planned(URIS[0])
    index = schema_files.index(dmtf)
    needed = schema_files.needed(found.missing(namespace, ()), index, ())
    texts = [index[each].read_text("utf-8") for each in (*schema_files.QUALIFIERS, *needed)]
    have = compiled(found.mof(namespace, needed), before=texts)
    assert {each.name for each in found.entries.values()
            if namespace in each.namespaces} <= set(have)


@pytest.mark.parametrize("namespace", PLACES)
def test_on_no_schema(namespace: str) -> None:
    found = planned(URIS[0])
    have = compiled(found.mof(namespace, (), qualifiers=()))
    assert set(have) == set(found.classes[namespace])


@pytest.mark.corpus
def test_hosts_with_different_prefixes_in_one_interop_namespace(dmtf: Path) -> None:
    found = planned(*URIS)
    have = compiled(found.mof("root/interop", names(dmtf)), dmtf)
    assert {"KVM_RegisteredProfile", "Xen_RegisteredProfile", "LXC_RegisteredProfile",
            "Virt_RegisteredProfile"} <= set(have)


def test_who_has_a_class_has_what_it_needs() -> None:
    """A class that is there is not looked into: in another version it may stand elsewhere."""
    found = planned(URIS[0])
    everything = [each for each in found.classes["root/virt"] if each.startswith("CIM_")]
    there = [each for each in everything if each != "CIM_StorageExtent"]
    assert found.missing("root/virt", there) == ["CIM_StorageExtent"]
    there = [each for each in everything if each != "CIM_AbstractElementAllocatedFromPool"]
    assert found.missing("root/virt", there) == []


def test_names_in_comments_and_texts_are_none(tmp_path: Path) -> None:
    (tmp_path / "a.mof").write_text(
        '// class A : B\n/* class C\n{ */ [Description ("a class D : \\" { and class E {")]\n'
        'class F : G { };\n#pragma include ("sub/b.mof")\nclass H{};')
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/b.mof").write_text('class I { };\n#pragma include ("../a.mof")\n')
    assert schema_files.declared(tmp_path / "a.mof") == ["F", "I", "H"]
