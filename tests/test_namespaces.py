# SPDX-License-Identifier: LGPL-2.1-or-later
"""Namespaces: what is shown where, how paths name it, and how a client finds it all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import pywbem
from lab import FRONT1, LAB, SYSTEMS

import libvirt_cim
from libvirt_cim.cim import Error, Path, Status
from libvirt_cim.hypervisor.connection import Connection
from libvirt_cim.namespace import HOME, Namespaces
from libvirt_cim.provider import Provider
from libvirt_cim.schema import load

ALIASES = ["interop", "root/interop", "root/PG_InterOp", "/Interop/", "ROOT/pg_interop"]
PROFILE = 'Virt_RegisteredProfile.InstanceID="CIM:DSP1057-VirtualSystem-1.0.0"'
URL = "https://host.example.com:5989"


@pytest.fixture(scope="module")
def far() -> Iterator[Provider]:
    """A further connection, whose server says where it is reached."""
    def server() -> Any:
        return made.namespaces, {URL: ["basic", "certificate"]}

    made = libvirt_cim.connect(LAB, namespace="root/virt/far", server=server)
    with pytest.MonkeyPatch.context() as monkeypatch, made as found:
        monkeypatch.setattr(Connection, "here", "front.example.com")
        monkeypatch.setattr("libvirt_cim.resource.version", lambda: "1.2.3")
        yield found


def failing(status: Status, call: Any, *arguments: Any) -> None:
    """Expect a status of a call whose answer is read."""
    with pytest.raises(Error) as raised:
        list(call(*arguments))
    assert raised.value.status == status


def test_home_is_first(lab: Provider, far: Provider) -> None:
    assert lab.namespaces == ("root/virt", "interop", "root/cimv2")
    assert far.namespaces == ("root/virt/far", "interop", "root/cimv2")
    assert (lab.namespace, far.namespace) == ("root/virt", "root/virt/far")


@pytest.mark.parametrize("namespace", ALIASES)
def test_names_of_interop(lab: Provider, namespace: str) -> None:
    found = list(lab.enumerate_instance_names("CIM_RegisteredProfile", namespace))
    assert len(found) > 10 and {each.namespace for each in found} == {"interop"}
    profile = lab.get_instance(f"{namespace.strip('/')}:{PROFILE}")
    assert profile["RegisteredVersion"] == "1.0.0"
    assert lab.get_class("CIM_RegisteredProfile", namespace)


def test_unknown_namespaces(lab: Provider) -> None:
    calls: Any = [
        lambda: lab.enumerate_instances("CIM_System", "root/nosuch"),
        lambda: lab.enumerate_instance_names("CIM_System", "root/virt/far"),
        lambda: [lab.get_instance(f"root/nosuch:{FRONT1}")],
        lambda: lab.associators(f"root/nosuch:{FRONT1}"),
        lambda: lab.associator_names(f"root/nosuch:{FRONT1}"),
        lambda: lab.references(f"root/nosuch:{FRONT1}"),
        lambda: lab.reference_names(f"root/nosuch:{FRONT1}"),
        lambda: [lab.get_class("CIM_System", "root/nosuch")],
        lambda: lab.enumerate_classes("CIM_System", "root/nosuch"),
        lambda: lab.enumerate_class_names(None, "root/nosuch"),
        lambda: [lab.get_qualifier("Key", "root/nosuch")],
        lambda: lab.enumerate_qualifiers("root/nosuch"),
        lambda: lab.invoke_method(f"root/nosuch:{FRONT1}", "RequestStateChange"),
    ]
    for call in calls:
        failing(Status.INVALID_NAMESPACE, call)


def test_a_class_is_where_it_says(lab: Provider) -> None:
    failing(Status.INVALID_CLASS, lab.enumerate_instances, "Virt_ComputerSystem", "interop")
    failing(Status.INVALID_CLASS, lab.enumerate_instances, "Virt_RegisteredProfile", HOME)
    failing(Status.INVALID_CLASS, lab.associators, f"interop:{FRONT1}")
    failing(Status.NOT_FOUND, lambda: [lab.get_class("Virt_ComputerSystem", "interop")])
    assert list(lab.enumerate_instances("CIM_RegisteredProfile", HOME)) == []
    shown = {name for place in lab.namespaces
             for name in lab.enumerate_class_names(None, place, True)}
    assert shown == set(lab.schema.declared)


@pytest.mark.parametrize("namespace", ["root/virt", "interop", "root/cimv2"])
def test_classes_of_a_namespace_stand_on_those_there(lab: Provider, namespace: str) -> None:
    names = set(lab.enumerate_class_names(None, namespace, True))
    for name in names:
        class_ = lab.get_class(name, namespace, local_only=True)
        assert class_.superclass is None or class_.superclass in names
        ends = {row.reference_class for row in class_.properties.values()} - {None}
        assert ends <= names


def test_associations_that_the_base_provider_shows(lab: Provider) -> None:
    found = {each.class_name for each in lab.enumerate_instance_names(
        "CIM_HostedDependency", "root/cimv2")}
    assert found == {"Virt_HostedDependency", "Virt_HostedService"}
    assert list(lab.enumerate_instance_names("CIM_SystemDevice", "root/virt"))
    failing(Status.INVALID_CLASS, lab.enumerate_instance_names, "CIM_SystemDevice",
            "root/cimv2")


@pytest.mark.parametrize("name", ["CIM_ComputerSystem", "Linux_ComputerSystem", "PG_Host"])
def test_the_base_providers_host_is_ours(lab: Provider, name: str) -> None:
    """What another provider of the server has leads to our guests."""
    host, = lab.enumerate_instance_names("Virt_HostSystem")
    theirs = Path(name, {"creationclassname": name, "Name": host.keys["Name"]}, "root/cimv2")
    guests = list(lab.associator_names(theirs, "CIM_HostedDependency", "Virt_ComputerSystem"))
    assert len(guests) == len(SYSTEMS) and {each.namespace for each in guests} == {HOME}
    assert [each.path for each in lab.associators(
        str(theirs), "CIM_HostedDependency", "Virt_ComputerSystem")] == guests
    for found in (lab.references, lab.reference_names):
        assert list(found(theirs, "CIM_HostedResourcePool")) == list(found(
            host, "CIM_HostedResourcePool"))
    shown = {each.class_name for each in lab.reference_names(theirs)}
    assert "Virt_HostedDependency" in shown and "Virt_SystemDevice" not in shown
    failing(Status.INVALID_CLASS, lambda: [lab.get_instance(theirs)])


@pytest.mark.parametrize("path", [
    'root/cimv2:PG_ComputerSystem.CreationClassName="PG_ComputerSystem",Name="front1"',
    'root/cimv2:CIM_Processor.CreationClassName="CIM_Processor",Name="{host}"',
    'root/cimv2:PG_OperatingSystem.CSName="{host}",Name="x"', 'interop:PG_Profile.InstanceID="1"',
    'interop:CIM_RegisteredProfile.InstanceID="1"',
])
def test_what_others_have_leads_nowhere(lab: Provider, path: str) -> None:
    """A server asks of whatever an association's end may be, and of an error it tells a client."""
    host, = lab.enumerate_instance_names("Virt_HostSystem")
    path = path.format(host=host.keys["Name"])
    for call in (lab.associators, lab.associator_names, lab.references,
                 lab.reference_names):
        assert list(call(path)) == []


def test_paths_and_references_name_homes(lab: Provider, far: Provider) -> None:
    for source in (lab, far):
        found = list(source.references(f"interop:{PROFILE}", "CIM_ElementConformsToProfile"))
        assert len(found) == len(SYSTEMS)
        for each in found:
            assert each.path and each.path.namespace == "interop"
            assert each["ConformantStandard"].namespace == "interop"
            assert each["ManagedElement"].namespace == source.namespace
            guest = source.get_instance(each["ManagedElement"])
            assert each["ConformantStandard"] in list(source.associator_names(guest.path or ""))
            assert source.get_instance(each.path).path == each.path


def test_an_end_in_a_wrong_namespace_is_none(lab: Provider) -> None:
    path = ('interop:Virt_ElementConformsToProfile.ConformantStandard="{}:' + PROFILE.replace(
        '"', '\\"') + '",ManagedElement="{}:' + FRONT1.replace('"', '\\"') + '"')
    assert lab.get_instance(path.format("interop", "root/virt"))
    assert lab.get_instance(path.format("root/PG_InterOp", "root/virt"))
    for ends in (("root/virt", "root/virt"), ("interop", "interop"), ("interop", "root/nosuch")):
        failing(Status.NOT_FOUND, lambda e=ends: [lab.get_instance(path.format(*e))])


def test_without_a_namespace_a_class_is_looked_for(lab: Provider) -> None:
    assert list(lab.enumerate_instance_names("CIM_RegisteredProfile"))
    assert {each.namespace for each in lab.enumerate_instance_names("CIM_ManagedElement")} \
        == {"root/virt"}
    places = Namespaces(load())
    assert places.where("Virt_ReferencedProfile") == "interop"
    assert places.where("CIM_ManagedElement") == HOME


def test_associations_of_a_class_stay_in_its_namespace(lab: Provider) -> None:
    wbem = libvirt_cim.adapter.pywbem.connect(lab)
    class_ = pywbem.CIMClassName("CIM_RegisteredProfile", namespace="interop")
    names = wbem.AssociatorNames(class_, AssocClass="CIM_ReferencedProfile")
    assert [each.classname for each in names] == ["CIM_RegisteredProfile"]
    paths = [path for path, _ in wbem.References(class_)] + names
    assert {each.namespace for each in paths} == {"interop"}
    assert "Virt_SystemDevice" not in {each.classname for each in paths}


# the server, as clients find it

def test_pywbem_finds_the_server(lab: Provider) -> None:
    server = pywbem.WBEMServer(libvirt_cim.adapter.pywbem.connect(lab))
    assert server.interop_ns == "interop"
    assert server.namespaces == list(lab.namespaces)
    assert server.namespace_classname == "CIM_Namespace"
    assert server.brand == "libvirt-cim" and server.version
    assert server.cimom_inst["ElementName"] == "libvirt-cim"
    found = server.get_selected_profiles("DMTF", "System Virtualization")
    assert [each["RegisteredVersion"] for each in found] == ["1.0.0"]
    (host,) = server.get_central_instances(found[0].path)
    assert host.classname == "Virt_HostSystem" and host.namespace == "root/virt"
    (guests,) = server.get_selected_profiles("DMTF", "Virtual System Profile")
    assert len(server.get_central_instances(guests.path)) == len(SYSTEMS)


def test_without_the_method_pywbem_follows_the_association(
    lab: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("libvirt_cim.service.METHODS", {})
    server = pywbem.WBEMServer(libvirt_cim.adapter.pywbem.connect(lab))
    (guests,) = server.get_selected_profiles("DMTF", "Virtual System Profile")
    assert len(server.get_central_instances(guests.path)) == len(SYSTEMS)


def test_a_server_tells_how_it_is_reached(far: Provider) -> None:
    (manager,) = far.enumerate_instances("CIM_ObjectManager", "interop")
    assert manager["SystemName"] == "front.example.com"
    assert manager["Description"] == "libvirt-cim version 1.2.3"
    assert manager.path
    (way,) = far.associators(manager.path, "CIM_CommMechanismForManager")
    assert (way["Name"], way["AuthenticationMechanismsSupported"]) == (URL, [3, 1])
    assert way["FunctionalProfilesSupported"] == [2, 6, 8, 3, 5, 9, 10]
    names = [each["Name"] for each in far.associators(manager.path, "CIM_NamespaceInManager")]
    assert names == list(far.namespaces)
    assert list(far.associator_names(manager.path, "CIM_HostedService")) == []  # another host
    (server,) = far.enumerate_instance_names("CIM_WBEMServer", "interop")
    found = far.associators(server, "CIM_HostedDependency", "CIM_WBEMServerNamespace")
    assert [each["Name"] for each in found] == names


def test_beside_another_server_there_is_none() -> None:
    with libvirt_cim.connect(LAB, server=False) as found:
        assert list(found.enumerate_instances("CIM_ObjectManager", "interop")) == []
        assert list(found.enumerate_instances("CIM_RegisteredProfile", "interop"))
