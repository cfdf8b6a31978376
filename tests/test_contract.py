# SPDX-License-Identifier: LGPL-2.1-or-later
"""Contract: the provider answers every operation as operations.py says, each adapter as it does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import pywbem
from contract import check, failing, through_provider, through_pywbem
from operations import LAB, Operation, operations
from operations_changes import changes
from pywbem._tupleparse import TupleParser
from pywbem._tupletree import xml_to_tupletree_sax
from served import config, serving
from served import wbem as served_wbem

import libvirt_cim
from libvirt_cim.adapter import cimxml
from libvirt_cim.adapter.pywbem import Connection
from libvirt_cim.hypervisor.connection import Connection as Libvirt
from libvirt_cim.provider import Provider

OPERATIONS = operations(Libvirt("test:///default").hostname)

# Where an adapter's answer differs from the provider's: (adapter, operation) -> reason.
EXCEPTIONS: dict[tuple[str, str], str] = {}

every = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)


@pytest.fixture(scope="module")
def wbem(lab: Provider) -> Connection:
    return libvirt_cim.adapter.pywbem.connect(lab)


def test_no_operation_is_listed_twice() -> None:
    names = [each.name for each in OPERATIONS]
    assert sorted(names) == sorted(set(names))


@every
def test_provider(lab: Provider, operation: Operation) -> None:
    check(operation, through_provider(lab)(operation))


@every
def test_pywbem(lab: Provider, wbem: Connection, operation: Operation) -> None:
    check(operation, through_pywbem(wbem)(operation))
    as_provider("pywbem", operation, through_pywbem(wbem)(operation), lab)


@pytest.fixture(scope="module")
def wire() -> Iterator[pywbem.WBEMConnection]:
    with serving(config(LAB)) as server, served_wbem(server) as connection:
        yield connection


@every
def test_server(
    lab: Provider, wire: pywbem.WBEMConnection, operation: Operation
) -> None:
    answer = through_pywbem(wire)(operation)
    check(operation, answer)
    as_provider("cimxml", operation, answer, lab)


@pytest.mark.parametrize("who", ["provider", "pywbem", "wire"])
def test_changes(who: str) -> None:
    """One after the other, each with a server of its own."""
    with libvirt_cim.adapter.pywbem.connect(LAB) as own, serving(config(LAB)) as server, \
            served_wbem(server) as connection:
        run = {"provider": through_provider(own.provider), "pywbem": through_pywbem(own),
               "wire": through_pywbem(connection)}[who]
        for each in changes(Libvirt("test:///default").hostname):
            check(each, run(each))


def as_provider(adapter: str, operation: Operation, answer: object, lab: Provider) -> None:
    """Assert that an adapter's answer is the provider's, or else has a reason that still holds."""
    equal = answer == through_provider(lab)(operation)
    reason = EXCEPTIONS.get((adapter, operation.name))
    assert equal or reason, answer
    assert not (equal and reason), f"no longer differs: {reason}"


# what pywbem makes of our CIM-XML is what our adapter gives without it

@pytest.fixture(scope="module")
def encoder(lab: Provider) -> cimxml.Encoder:
    return cimxml.Encoder(lab.schema.resolved, lab.schema.qualifiers)


def parsed(xml: str) -> Any:
    tree = xml_to_tupletree_sax(f'<?xml version="1.0"?>{xml}', "test")
    return TupleParser().parse_any(tree)


def test_instances_are_those_of_the_wire(
    lab: Provider, wbem: Connection, encoder: cimxml.Encoder
) -> None:
    ours = {str(each.path): each for place in lab.namespaces
            for name in lab.enumerate_class_names(namespace=place)
            for each in lab.enumerate_instances(name, place)}
    theirs = {each.path.to_wbem_uri("cimobject").partition(":")[2]: each
              for place in lab.namespaces
              for name in wbem.EnumerateClassNames(namespace=place)
              for each in wbem.EnumerateInstances(name, namespace=place)}
    assert len(ours) == len(theirs) > 100
    converted = wbem._values
    for each in ours.values():
        made = converted.instance(each)
        made.path = None
        assert made == parsed(encoder.instance(each))
        assert each.path
        assert converted.path(each.path) == pywbem.CIMInstanceName.from_wbem_uri(str(each.path))
        name = parsed(encoder.instance_name(each.path))
        name.namespace = each.path.namespace
        assert converted.path(each.path) == name


def test_classes_are_those_of_the_wire(
    lab: Provider, wbem: Connection, encoder: cimxml.Encoder
) -> None:
    theirs = {each.classname: each for each in wbem.EnumerateClasses(
        DeepInheritance=True, LocalOnly=False, IncludeQualifiers=True, IncludeClassOrigin=True)}
    ours = list(lab.enumerate_classes(deep_inheritance=True, local_only=False))
    assert len(ours) == len(theirs) > 50
    for each in ours:
        made = theirs[each.name]
        made.path = None
        for feature in (made, *made.properties.values(), *made.methods.values(),
                        *(p for m in made.methods.values() for p in m.parameters.values())):
            for qualifier in feature.qualifiers.values():
                qualifier.propagated = False  # our CIM-XML does not say it
        assert made == parsed(encoder.class_(each, origin=True))


def test_qualifiers_are_those_of_the_wire(
    lab: Provider, wbem: Connection, encoder: cimxml.Encoder
) -> None:
    theirs = {each.name: each for each in wbem.EnumerateQualifiers()}
    for each in lab.enumerate_qualifiers():
        assert theirs[each.name] == parsed(encoder.qualifier_type(each))


# what pywbem asks for besides

@pytest.mark.parametrize("call", [
    lambda wbem, path: wbem.DeleteInstance(path),
    lambda wbem, path: wbem.ModifyInstance(wbem.GetInstance(path)),
    lambda wbem, path: wbem.CreateInstance(pywbem.CIMInstance("Virt_ComputerSystem")),
    lambda wbem, path: wbem.DeleteClass("Virt_ComputerSystem"),
    lambda wbem, path: wbem.DeleteQualifier("Key"),
    lambda wbem, path: wbem.ExportIndication(pywbem.CIMInstance("CIM_Indication")),
])
def test_what_is_not_there_is_not_supported(wbem: Connection, call: object) -> None:
    path = wbem.EnumerateInstanceNames("Virt_ComputerSystem")[0]
    with failing(pywbem.CIM_ERR_NOT_SUPPORTED):
        call(wbem, path)  # type: ignore[operator]


def test_it_is_a_connection_of_pywbem() -> None:
    wbem = libvirt_cim.adapter.pywbem.connect("test:///default", stats_enabled=True)
    assert isinstance(wbem, pywbem.WBEMConnection)
    assert wbem.default_namespace == "root/virt"
    assert "root/virt" in repr(wbem) and wbem.conn_id
    with wbem.copy() as other:
        assert other.EnumerateInstanceNames("Virt_HostSystem")
    with pytest.raises(pywbem.ConnectionError):
        other.EnumerateInstanceNames("Virt_HostSystem")
    with wbem:
        assert wbem.EnumerateInstances("Virt_HostSystem")
        assert "EnumerateInstances" in dict(wbem.statistics.snapshot())
        recorder = pywbem.TestClientRecorder(open("/dev/null", "w", encoding="utf-8"))
        wbem.add_operation_recorder(recorder)
        wbem.GetInstance(wbem.EnumerateInstanceNames("Virt_HostSystem")[0])
    with pytest.raises(pywbem.ConnectionError):
        wbem.EnumerateInstanceNames("Virt_HostSystem")


def test_a_wrong_uri_is_a_cim_error() -> None:
    with failing(pywbem.CIM_ERR_FAILED):
        libvirt_cim.adapter.pywbem.connect("nosuch:///system")


def test_paths_that_are_none(wbem: Connection) -> None:
    with failing(pywbem.CIM_ERR_INVALID_PARAMETER):
        wbem.GetInstance(pywbem.CIMInstanceName("Virt_ComputerSystem"))
    unnamed = pywbem.CIMInstanceName("Virt_HostSystem", {"Name": pywbem.Uint8(7)})
    with failing(pywbem.CIM_ERR_NOT_FOUND):
        wbem.GetInstance(unnamed)
