# SPDX-License-Identifier: LGPL-2.1-or-later
"""Services and capabilities: what the host says it can do, and that it is true."""

from __future__ import annotations

from typing import Any

import pytest
from calls import Calls, counted
from lab import GUESTS, LAB, SYSTEMS, identified, system

import libvirt_cim
from libvirt_cim import resource, tree
from libvirt_cim.ground import Document
from libvirt_cim.hypervisor.connection import Connection
from libvirt_cim.provider import Provider
from libvirt_cim.schema import load
from libvirt_cim.service import METHODS
from libvirt_cim.shelf import Shelf

HOST = Connection("test:///default").hostname
# service: its name, its capabilities and their InstanceID
SERVICES = {
    "Virt_VirtualSystemManagementService":
        ("Management Service", "Virt_VirtualSystemManagementCapabilities",
         "ManagementCapabilities"),
    "Virt_ResourcePoolConfigurationService":
        ("RPCS", "Virt_ResourcePoolConfigurationCapabilities", "RPCC"),
    "Virt_VirtualSystemMigrationService":
        ("MigrationService", "Virt_VirtualSystemMigrationCapabilities", "MigrationCapabilities"),
    "Virt_VirtualSystemSnapshotService":
        ("SnapshotService", "Virt_VirtualSystemSnapshotServiceCapabilities",
         "SnapshotCapabilities"),
    "Virt_ConsoleRedirectionService":
        ("ConsoleRedirectionService", "Virt_ConsoleRedirectionServiceCapabilities",
         "ConsoleRedirectionCapabilities"),
}
AFFECTING = {name for name in SERVICES if "Configuration" not in name}
each_service = pytest.mark.parametrize("name", SERVICES)


def service(name: str) -> str:
    """The path of a service."""
    return (f'{name}.CreationClassName="{name}",Name="{SERVICES[name][0]}",'
            f'SystemCreationClassName="Virt_HostSystem",SystemName="{HOST}"')


def test_management_service(lab: Provider) -> None:
    found = lab.get_instance(service("Virt_VirtualSystemManagementService"))
    assert (found["Caption"], found["OperationalStatus"]) == ("TEST 0.0.2", [2])
    assert found["LibvirtVersion"].count(".") == 2


@each_service
def test_a_service_is_hosted_and_has_its_capabilities(lab: Provider, name: str) -> None:
    path, (_, class_name, id_) = service(name), SERVICES[name]
    assert lab.get_instance(path)["EnabledState"] == 2
    (host,) = lab.associator_names(path, "CIM_HostedService")
    assert host == next(lab.enumerate_instance_names("Virt_HostSystem"))
    assert any(str(each) == f"root/virt:{path}" or each.class_name == name
               for each in lab.associator_names(host, "Virt_HostedService"))
    (link,) = lab.references(path, "CIM_ElementCapabilities")
    assert link["Characteristics"] == [2]
    capabilities = link["Capabilities"]
    assert str(capabilities) == f"root/virt:{identified(class_name, id_)}"
    owners = {each.class_name for each in
              lab.associator_names(capabilities, "Virt_ElementCapabilities")}
    assert owners == {name, "Virt_HostSystem"}


@each_service
def test_a_service_affects_guests(lab: Provider, name: str) -> None:
    found = list(lab.references(service(name), "Virt_ServiceAffectsElement"))
    guests = {str(each["AffectedElement"]) for each in found
              if each["AffectedElement"].class_name == "Virt_ComputerSystem"}
    assert guests == ({f"root/virt:{each}" for each in SYSTEMS} if name in AFFECTING else set())
    assert all(each["ElementEffects"] == [5] for each in found)


def test_what_may_be_requested_of_a_guest(lab: Provider) -> None:
    for name in GUESTS:
        path = identified("Virt_EnabledLogicalElementCapabilities", name)
        found = lab.get_instance(path)
        assert found.get("RequestedStatesSupported") is None
        assert found["ElementNameEditSupported"] is False
        (guest,) = lab.associator_names(path, "Virt_ElementCapabilities")
        assert str(guest) == f"root/virt:{system(name)}"


def test_migration_has_default_settings(lab: Provider) -> None:
    path = identified("Virt_VirtualSystemMigrationCapabilities", "MigrationCapabilities")
    (link,) = lab.references(path, "CIM_SettingsDefineCapabilities")
    assert (link["PropertyPolicy"], link["ValueRole"], link["ValueRange"]) == (0, 0, 0)
    settings = lab.get_instance(link["PartComponent"])
    assert (settings["MigrationType"], settings["TransportType"]) == (2, 2)


# the methods that there are

def listed() -> dict[str, set[str]]:
    """The methods that xml/skeleton/node.xml lists, by element."""
    root = tree.parse(resource.text("xml/skeleton/node.xml"))
    return {child.tag: {each.text for each in child.iterchildren("method", "job")}
            for child in root.iterchildren("*")}


def test_the_methods_listed_are_those_there_are() -> None:
    schema = load()
    at = {table.roots["NodeInfo"][0][-1]: table.name for table in schema.tables.values()
          if "NodeInfo" in table.roots and schema.is_a(table.name, "CIM_Service")
          and not table.association}
    for element, methods in listed().items():
        above = list(schema.superclasses(at[element])) if element in at else []
        there = {method for class_name, method in METHODS if class_name in above}
        assert methods == there & methods, f"{element}: {methods - there} is not there"
        silent = ("RequestStateChange", "StartService", "StopService")
        for class_name in above:
            told = schema.declared[class_name].methods.keys() & there - set(silent)
            assert told <= methods, f"{element} does not list {told - methods}"


def test_states_are_listed_once_they_can_be_requested() -> None:
    listed = tree.parse(resource.text("xml/skeleton/node.xml")).findall("guest/state")
    above = load().superclasses("Virt_ComputerSystem")
    assert bool(listed) == any((name, "RequestStateChange") in METHODS for name in above)


@pytest.mark.parametrize(("class_name", "row"), [
    (class_name, row) for _, class_name, _ in SERVICES.values()
    for row in load().resolved(class_name).properties if row.endswith("MethodsSupported")
])
def test_capabilities_tell_each_method(class_name: str, row: str) -> None:
    """A token is a method that the service declares, and one that is listed is told."""
    table = load().tables[class_name]
    if row not in table.rows:
        return
    declared = table.rows[row].declared
    tokens = declared.qualifier("Virt_Tokens")
    owner = next(name for name, each in SERVICES.items() if each[1] == class_name)
    assert set(tokens) <= set(load().resolved(owner).methods)
    element = "method" if row.startswith("Sync") else "job"
    methods = "".join(f"<{element}>{each}</{element}>" for each in tokens)
    tag = table.roots["NodeInfo"][0][-1]
    document = Document(("NodeInfo",), tree.parse(f"<node><{tag}>{methods}</{tag}></node>"))
    shelf = Shelf([document])
    assert shelf.offers("NodeInfo")
    (entry,) = table.entries(document)
    values: Any = declared.qualifier("ValueMap")
    assert table.instance(entry, document)[row] == [int(each) for each in values]


# what it costs

def test_versions_are_asked_for_only_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = libvirt_cim.connect(LAB)
    next(lab.enumerate_instance_names("Virt_HostSystem"))
    calls: Calls = counted(monkeypatch)
    path = service("Virt_VirtualSystemManagementService")
    assert list(lab.associator_names(path, "Virt_HostedService"))
    lab.get_instance(path, ["Name", "EnabledState"])
    assert not {"getVersion", "getLibVersion"} & calls.keys()
    lab.get_instance(path, ["LibvirtVersion"])
    assert calls["getLibVersion"] == 1


def test_the_host(lab: Provider) -> None:
    (found,) = lab.enumerate_instances("Virt_HostSystem")
    assert (found["EnabledState"], found["Arch"]) == (2, "i686")
    assert (found["Vendor"], found["SerialNumber"]) == ("Example Ltd", "LAB-0001")
