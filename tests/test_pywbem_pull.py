# SPDX-License-Identifier: LGPL-2.1-or-later
"""pywbem's Iter…, Open…, Pull…, queries and associations of classes, with no wire."""

from __future__ import annotations

import pytest
import pywbem
from contract import failing

import libvirt_cim
from libvirt_cim.adapter.pywbem import Connection
from libvirt_cim.provider import Provider


@pytest.fixture(scope="module")
def wbem(lab: Provider) -> Connection:
    return libvirt_cim.adapter.pywbem.connect(lab)


@pytest.mark.parametrize("pull", [True, False, None])
@pytest.mark.parametrize("most", [1, 2, 1000])
def test_iterations_are_the_enumerations(lab: Provider, pull: object, most: int) -> None:
    wbem = libvirt_cim.adapter.pywbem.connect(lab, use_pull_operations=pull)
    names = wbem.EnumerateInstanceNames("CIM_System")
    assert {each.host for each in names} == {None}
    guest = next(each for each in names if each["Name"] == "front1")
    pairs = [
        (wbem.IterEnumerateInstances("CIM_System", MaxObjectCount=most),
         wbem.EnumerateInstances("CIM_System")),
        (wbem.IterEnumerateInstancePaths("CIM_System", MaxObjectCount=most), names),
        (wbem.IterAssociatorInstances(guest, MaxObjectCount=most), wbem.Associators(guest)),
        (wbem.IterAssociatorInstancePaths(guest, MaxObjectCount=most),
         wbem.AssociatorNames(guest)),
        (wbem.IterReferenceInstances(guest, MaxObjectCount=most), wbem.References(guest)),
        (wbem.IterReferenceInstancePaths(guest, MaxObjectCount=most), wbem.ReferenceNames(guest)),
    ]
    for iterated, enumerated in pairs:
        found = list(iterated)
        paths = [getattr(each, "path", each) for each in found]
        assert {each.host for each in paths} == {wbem.host}
        for each in [getattr(each, "path", each) for each in enumerated]:
            each.host = wbem.host
        assert sorted(map(str, paths)) == sorted(
            str(getattr(each, "path", each)) for each in enumerated)
        assert len(found) == len(enumerated) > 1
        assert all(any(each == other for other in enumerated) for each in found)


def test_contexts(wbem: Connection) -> None:
    opened = wbem.OpenEnumerateInstances("Virt_ComputerSystem")  # no objects asked for yet
    assert opened.instances == [] and not opened.eos
    pulled = wbem.PullInstancesWithPath(opened.context, 3)
    assert len(pulled.instances) == 3 and not pulled.eos
    assert wbem.PullInstancesWithPath(pulled.context, 100).eos
    with failing(pywbem.CIM_ERR_INVALID_ENUMERATION_CONTEXT):
        wbem.PullInstancesWithPath(opened.context, 3)
    opened = wbem.OpenEnumerateInstancePaths("Virt_ComputerSystem", MaxObjectCount=1)
    with failing(pywbem.CIM_ERR_INVALID_ENUMERATION_CONTEXT):
        wbem.PullInstancesWithPath(opened.context, 3)
    wbem.CloseEnumeration(opened.context)
    with failing(pywbem.CIM_ERR_INVALID_ENUMERATION_CONTEXT):
        wbem.CloseEnumeration(opened.context)
    with failing(pywbem.CIM_ERR_INVALID_QUERY):
        wbem.OpenEnumerateInstances("CIM_System", FilterQueryLanguage="DMTF:FQL", FilterQuery="x")
    with failing(pywbem.CIM_ERR_CONTINUATION_ON_ERROR_NOT_SUPPORTED):
        wbem.OpenEnumerateInstances("CIM_System", ContinueOnError=True)


def test_class_origins_are_asked_for_once(wbem: Connection) -> None:
    opened = wbem.OpenEnumerateInstances("Virt_ComputerSystem", IncludeClassOrigin=True)
    pulled = wbem.PullInstancesWithPath(opened.context, 100)
    assert {each.properties["Name"].class_origin for each in pulled.instances} != {None}
    opened = wbem.OpenEnumerateInstances("Virt_ComputerSystem")
    pulled = wbem.PullInstancesWithPath(opened.context, 100)
    assert {each.properties["Name"].class_origin for each in pulled.instances} == {None}


def test_enumerations_that_are_open_are_limited(lab: Provider) -> None:
    wbem = libvirt_cim.adapter.pywbem.connect(lab)
    opened = [wbem.OpenEnumerateInstancePaths("Virt_ComputerSystem", MaxObjectCount=1)
              for _ in range(100)]
    with failing(pywbem.CIM_ERR_SERVER_LIMITS_EXCEEDED):
        wbem.OpenEnumerateInstancePaths("Virt_ComputerSystem")
    wbem.CloseEnumeration(opened[0].context)
    assert wbem.OpenEnumerateInstancePaths("Virt_ComputerSystem", MaxObjectCount=1).paths
    assert wbem.PullInstancePaths(opened[-1].context, 1).paths


def test_queries(wbem: Connection) -> None:
    text = "SELECT Name, EnabledState FROM Virt_ComputerSystem WHERE EnabledState = 2"
    found = wbem.ExecQuery("DMTF:CQL", text)
    assert sorted(each["Name"] for each in found) == ["front1", "job1", "store1"]
    assert {each.path.namespace for each in found} == {"root/virt"}
    opened = wbem.OpenQueryInstances("WQL", text, ReturnQueryResultClass=True, MaxObjectCount=2)
    assert len(opened.instances) == 2 and not opened.eos
    assert sorted(opened.query_result_class.properties) == ["EnabledState", "Name"]
    pulled = wbem.PullInstances(opened.context, 2)
    assert len(pulled.instances) == 1 and pulled.eos
    assert {each.path for each in [*opened.instances, *pulled.instances]} == {None}
    with failing(pywbem.CIM_ERR_QUERY_LANGUAGE_NOT_SUPPORTED):
        wbem.ExecQuery("DMTF:FQL", "Name = 'front1'")
    with failing(pywbem.CIM_ERR_INVALID_QUERY):
        wbem.ExecQuery("WQL", "SELECT Name FROM CIM_ComputerSystem WHERE")


@pytest.mark.parametrize("most", [1, 2, 1000])
def test_iterations_with_filters(lab: Provider, most: int) -> None:
    wbem = libvirt_cim.adapter.pywbem.connect(lab, use_pull_operations=True)
    fql = {"FilterQueryLanguage": "DMTF:FQL", "MaxObjectCount": most}
    running = {"FilterQuery": "ANY OperationalStatus = 2 AND Name LIKE '^(front|store)[0-9]+$'"}
    found = list(wbem.IterEnumerateInstances("CIM_System", PropertyList=["ElementName"],
                                             **running, **fql))
    assert sorted(each["ElementName"] for each in found) == ["front1", "store1"]
    assert {tuple(each.properties) for each in found} == {("ElementName",)}
    paths = list(wbem.IterEnumerateInstancePaths("CIM_System", **running, **fql))
    assert sorted(each["Name"] for each in paths) == ["front1", "store1"]
    [guest] = [each for each in paths if each["Name"] == "front1"]
    disks = {"FilterQuery": "Name = 'hda' OR Name = 'vda'"}
    found = list(wbem.IterAssociatorInstances(guest, **disks, **fql))
    assert sorted(each["DeviceID"] for each in found) == ["front1/hda", "front1/vda"]
    paths = list(wbem.IterAssociatorInstancePaths(guest, **disks, **fql))
    assert sorted(each["DeviceID"] for each in paths) == ["front1/hda", "front1/vda"]
    ends = {"FilterQuery": "PartComponent.DeviceID = 'front1/hda'"}
    assert len(list(wbem.IterReferenceInstances(guest, **ends, **fql))) == 1
    assert len(list(wbem.IterReferenceInstancePaths(guest, **ends, **fql))) == 1
    rows = wbem.IterQueryInstances("WQL", "SELECT * FROM CIM_System WHERE Name = 'front1'",
                                   MaxObjectCount=most)
    assert [each["Name"] for each in rows.generator] == ["front1"]


def test_classes_are_associated(wbem: Connection) -> None:
    found = wbem.Associators("Virt_ComputerSystem", AssocClass="CIM_SystemDevice",
                             IncludeClassOrigin=True, PropertyList=["DeviceID"])
    [(path, class_)] = found
    assert (path.classname, path.namespace, path.host) == (
        "CIM_LogicalDevice", "root/virt", wbem.host)
    assert list(class_.properties) == ["DeviceID"] and not class_.qualifiers
    assert class_.properties["DeviceID"].class_origin == "CIM_LogicalDevice"
    assert wbem.AssociatorNames("Virt_ComputerSystem", AssocClass="CIM_SystemDevice") == [path]
    names = wbem.ReferenceNames(pywbem.CIMClassName("Virt_ComputerSystem"), Role="GroupComponent",
                                ResultClass="CIM_SystemDevice")
    assert sorted(each.classname for each in names) == ["CIM_SystemDevice", "Virt_SystemDevice"]
    found = wbem.References("Virt_ComputerSystem", ResultClass="Virt_SystemDevice",
                            IncludeQualifiers=True)
    assert [each.classname for each, _ in found] == ["Virt_SystemDevice"]
    assert found[0][1].qualifiers["Association"].value is True
