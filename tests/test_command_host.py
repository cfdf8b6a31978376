# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command on a host, libvirt's test driver: its operations, and short forms of paths."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from command_line import TOP, Ran, refused, run, start

from libvirt_cim import adapter, connect, mof
from libvirt_cim.cim import Instance, Path, parse_path
from libvirt_cim.shortpath import resolve

DEFAULT, LAB = "test:///default", f"test://{TOP}/tests/hosts/lab.xml"
SYSTEM = 'Virt_ComputerSystem.CreationClassName="Virt_ComputerSystem",Name="{}"'
ODD = 'old:1 "désk"'  # the name of a guest of the lab


def printed(*arguments: Any, uri: str = LAB) -> str:
    """What an operation on a host prints."""
    ran = run("-c", uri, *arguments)
    assert (ran.status, ran.err) == (0, ""), ran
    return ran.out


@pytest.fixture(scope="module")
def lab() -> Any:
    with connect(LAB, read_only=True) as provider:
        yield provider


# operations


@pytest.mark.parametrize("uri", [DEFAULT, LAB])
@pytest.mark.parametrize("class_name", ["CIM_ManagedElement", "CIM_Dependency"])
def test_names_are_all_paths(uri: str, class_name: str) -> None:
    with connect(uri) as provider:
        expected = [str(each) for each in provider.enumerate_instance_names(class_name)]
    assert expected and printed("names", class_name, uri=uri).splitlines() == expected


@pytest.mark.parametrize("format_", ["mof", "cimxml", "json"])
def test_enumerate_prints_what_the_provider_has(lab: Any, format_: str) -> None:
    text = printed("enumerate", "CIM_ManagedElement", "--format", format_)
    expected = list(lab.enumerate_instances("CIM_ManagedElement"))
    if format_ == "mof":
        found = adapter.mof.decode(text, "-", lab.schema.resolved)
    else:
        found = (adapter.json.decode if format_ == "json" else adapter.cimxml.instances)(text)
        assert [each.path for each in found] == [each.path for each in expected]
    assert [each.class_name for each in found] == [each.class_name for each in expected]
    for one, other in zip(found, expected):
        values = {name: str(value) if isinstance(value, Path) else value
                  for name, value in other.properties.items()}
        assert {name: str(value) if isinstance(value, Path) else value
                for name, value in one.properties.items()} == values


def test_mof_has_the_paths_as_comments() -> None:
    text = printed("enumerate", "ComputerSystem", "--property", "EnabledState")
    comments = [line[3:] for line in text.splitlines() if line.startswith("// ")]
    assert comments == printed("names", "Virt_ComputerSystem").splitlines()
    assert all(isinstance(each, Instance) and list(each.properties) == ["EnabledState"]
               for each in mof.read(text))


def test_unmapped_xml_comes_if_it_is_asked_for() -> None:
    arguments = ("enumerate", "VirtualSystemSettingData", "--format", "json")
    assert "UnmappedXML" not in printed(*arguments)
    found = json.loads(printed(*arguments, "--property", "unmappedxml", "--property", "OSType"))
    assert {name for each in found for name in each["properties"]} == {"UnmappedXML", "OSType"}


def test_get_is_one_instance() -> None:
    path = "root/virt:" + SYSTEM.format("front1")
    [found] = json.loads(printed("get", path, "--format", "json"))
    assert found["path"] == path and found["properties"]["Name"] == "front1"
    [found] = json.loads(printed("get", path, "--format", "json", "--property", "name"))
    assert found["properties"] == {"Name": "front1"}


def test_query() -> None:
    text = "SELECT Name FROM CIM_ComputerSystem WHERE Name = 'front1' OR EnabledState = 9"
    for language in ("WQL", "dmtf:cql"):
        found = json.loads(printed("query", text, "--language", language, "--format", "json"))
        assert sorted(each["properties"]["Name"] for each in found) == ["cache1", "front1"]
        assert {len(each["properties"]) for each in found} == {1}
    assert printed("query", text).count("instance of") == 2


@pytest.mark.parametrize("arguments, options", [
    ((), {}),
    (("--assoc-class", "Virt_SystemDevice"), {"assoc_class": "Virt_SystemDevice"}),
    (("--result-class", "LogicalDisk"), {"result_class": "Virt_LogicalDisk"}),
    (("--role", "GroupComponent"), {"role": "GroupComponent"}),
    (("--result-role", "SettingData"), {"result_role": "SettingData"}),
])
def test_associators(lab: Any, arguments: tuple[str, ...], options: dict[str, str]) -> None:
    path = SYSTEM.format("front1")
    names = [str(each) for each in lab.associator_names(path, **options)]
    assert names and printed("associator-names", path, *arguments).splitlines() == names
    found = json.loads(printed("associators", path, *arguments, "--format", "json"))
    assert [each["path"] for each in found] == names


@pytest.mark.parametrize("arguments, options", [
    ((), {}),
    (("--result-class", "SystemDevice"), {"result_class": "Virt_SystemDevice"}),
    (("--role", "Dependent"), {"role": "Dependent"}),
])
def test_references(lab: Any, arguments: tuple[str, ...], options: dict[str, str]) -> None:
    path = SYSTEM.format("front1")
    names = [str(each) for each in lab.reference_names(path, **options)]
    assert names and printed("reference-names", path, *arguments).splitlines() == names
    found = json.loads(printed("references", path, *arguments, "--format", "json"))
    assert [each["path"] for each in found] == names


@pytest.mark.parametrize("names", [
    {"LIBVIRT_CIM_URI": DEFAULT}, {"LIBVIRT_DEFAULT_URI": DEFAULT},
    {"LIBVIRT_CIM_URI": DEFAULT, "LIBVIRT_DEFAULT_URI": "nonsense:///"},
])
def test_the_environment_names_the_host(names: dict[str, str]) -> None:
    bare = {"LIBVIRT_CIM_URI": "", "LIBVIRT_DEFAULT_URI": ""}
    with start("names", "ComputerSystem", env={**bare, **names}) as process:
        out, err = process.communicate()
    assert (out.decode(), err) == (printed("names", "ComputerSystem", uri=DEFAULT), b"")


def test_a_closed_pipe_is_no_error() -> None:
    reading, writing = os.pipe()
    with start("-c", LAB, "enumerate", "CIM_ManagedElement", stdout=writing) as process:
        os.close(writing)
        assert os.read(reading, 1)
        os.close(reading)
        assert process.stderr is not None and process.stderr.read() == b""
    assert process.returncode == 0


# what is refused


@pytest.mark.parametrize("arguments, message", [
    (("names", "Nothing"), "class Nothing is not declared"),
    (("query", "SELECT"), "WQL: character 7: expected a property, not the end"),
    (("query", "--language", "SQL", "SELECT"),
     "'SQL' is not a query language that is supported here: WQL, DMTF:CQL"),
    (("enumerate", "ComputerSystem", "--property", "Colour"), "no class has a property Colour"),
    (("get", "!!"), "'!!' is not an object path"),
    (("get", 'Virt_ComputerSystem.Name="a'),
     """'Virt_ComputerSystem.Name="a' is not an object path: bad keys at 'Name="a'"""),
    (("get", "ComputerSystem.Name="), "'ComputerSystem.Name=' is not an object path: "
     "bad keys at 'Name='"),
    (("get", "ComputerSystem.Name=a,"), "No such instance (ComputerSystem.Name=a,)"),
    (("get", 'ComputerSystem.Name="a",Name="b"'),
     """'ComputerSystem.Name="a",Name="b"': Name is given twice"""),
    (("get", "ComputerSystem.UUID=1"),
     "'ComputerSystem.UUID=1': UUID is not a key of Virt_ComputerSystem"),
    (("get", "Nothing.Name=a"), "class Nothing is not declared"),
    (("get", "ComputerSystem.Name=nobody"), "No such instance (ComputerSystem.Name=nobody)"),
    (("get", SYSTEM.format("nobody")), "No such instance (Name)"),
    (("get", SYSTEM.format("front1").replace("Virt_C", "KVM_C", 1)),
     "class KVM_ComputerSystem is not declared"),
    (("get", SYSTEM.format("front1").replace('"Virt_C', '"CIM_C')),
     "No such instance (CreationClassName)"),
    (("get", "root/other:" + SYSTEM.format("front1")), "namespace root/other does not exist"),
    (("get", "root/other:ComputerSystem.Name=front1"), "namespace root/other does not exist"),
    (("associators", SYSTEM.format("nobody")), "No such instance (Name)"),
    (("associators", SYSTEM.format("front1"), "--assoc-class", "Nothing"),
     "class Nothing is not declared"),
])
def test_a_wrong_argument(arguments: tuple[str, ...], message: str) -> None:
    assert refused("-c", LAB, *arguments) == message


def test_several_instances_are_named() -> None:
    said = refused("-c", LAB, "get", "ComputerSystem")
    assert said.startswith("'ComputerSystem' is 8 instances: root/virt:Virt_ComputerSystem.")
    assert said.endswith(", …")


@pytest.mark.parametrize("uri", ["nonsense:///", "test:///nowhere.xml", "qemu+unix:///system?socket=/x"])
def test_a_host_that_does_not_answer(uri: str) -> None:
    assert refused("-c", uri, "names", "CIM_System").startswith(f"cannot connect to {uri}: ")


def test_no_host_is_wrong_usage() -> None:
    ran: Ran = run("names", "CIM_System")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.endswith("Error: Which host? Give -c URI, or set LIBVIRT_CIM_URI.\n")


# paths


def test_every_printed_path_is_understood(lab: Any) -> None:
    for class_name in ("CIM_ManagedElement", "CIM_Dependency", "CIM_Component"):
        for path in lab.enumerate_instance_names(class_name):
            assert resolve(lab, str(path)) == path


FULL = SYSTEM.format("front1")


@pytest.mark.parametrize("text", [
    FULL, f"root/virt:{FULL}", f"/root/virt:{FULL}", f"//host/root/virt:{FULL}",
    f"//host:5989/root/virt:{FULL}", f"https://host:5989/root/virt:{FULL}",
    f"host:5988/root/virt:{FULL}", f" {FULL}\n", f"/:{FULL}",
    FULL.replace("CreationClassName", "creationclassname", 1).replace("Virt_C", "virt_c", 1),
    'Virt_ComputerSystem.Name="front1"', "Virt_ComputerSystem.Name=front1",
    "ComputerSystem.Name=front1", "CIM_ComputerSystem.Name=front1", "CIM_System.Name=front1",
    'Name="front1"'.join(["ComputerSystem.CreationClassName=Virt_ComputerSystem,", ""]),
    'CIM_ComputerSystem.CreationClassName="Virt_ComputerSystem",Name="front1"',
    "computersystem.name=front1",
])
def test_a_system_has_many_names(lab: Any, text: str) -> None:
    assert resolve(lab, text) == parse_path(FULL)


def test_an_odd_name_can_be_quoted_or_bare(lab: Any) -> None:
    expected = {"CreationClassName": "Virt_ComputerSystem", "Name": ODD}
    quoted = ODD.replace('"', '\\"')
    assert resolve(lab, f'ComputerSystem.Name="{quoted}"').keys == expected
    assert resolve(lab, f"ComputerSystem.Name={ODD}").keys == expected


def test_what_there_is_one_of_needs_no_keys(lab: Any) -> None:
    assert resolve(lab, "HostSystem").class_name == "Virt_HostSystem"
    assert resolve(lab, "MemoryPool").keys == {"InstanceID": "MemoryPool/0"}


def test_one_key_may_be_enough(lab: Any) -> None:
    found = resolve(lab, "LogicalDisk.DeviceID=front1/vda")
    assert found.keys["SystemName"] == "front1" and len(found.keys) == 4
    assert resolve(lab, "SettingData.InstanceID=Virt:mail1") == \
        parse_path('Virt_VirtualSystemSettingData.InstanceID="Virt:mail1"')


@pytest.mark.parametrize("text", [
    'SystemDevice.PartComponent="LogicalDisk.DeviceID=\\"front1/vdb\\""',
    "SystemDevice.PartComponent=LogicalDisk.DeviceID=front1/vdb",
    f"SystemDevice.GroupComponent=root/virt:{FULL},PartComponent=LogicalDisk.DeviceID=front1/vdb",
])
def test_references_may_be_short_and_bare(lab: Any, text: str) -> None:
    found = resolve(lab, text)
    assert found.keys["GroupComponent"] == parse_path(FULL)
    assert found.keys["PartComponent"].keys["DeviceID"] == "front1/vdb"
    assert lab.get_instance(found).path == found
