# SPDX-License-Identifier: LGPL-2.1-or-later
"""Methods: found by class and name, their parameters held against the declaration."""

from __future__ import annotations

from typing import Any

import pytest
import pywbem
from command_line import printed, refused
from lab import FRONT1, LAB, POOLS, SYSTEMS, identified

import libvirt_cim
from libvirt_cim import service
from libvirt_cim.adapter.pywbem import Connection
from libvirt_cim.cim import Error, Instance, Path, Status, parse_path
from libvirt_cim.provider import Provider
from libvirt_cim.schema import load
from libvirt_cim.service.call import Call

PROFILE = "CIM:DSP1045-MemoryResourceVirtualization-1.0.0"
MEMORY = identified("Virt_RegisteredProfile", PROFILE)
GUESTS = identified("Virt_RegisteredProfile", "CIM:DSP1057-VirtualSystem-1.0.0")
MANAGE = "CIM_VirtualSystemManagementService"


@pytest.fixture
def wbem(lab: Provider) -> Connection:
    return libvirt_cim.adapter.pywbem.connect(lab)


@pytest.fixture
def management(lab: Provider) -> Path:
    return next(lab.enumerate_instance_names(MANAGE))


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """The calls of a DefineSystem that only listens."""
    calls: list[Call] = []

    def define(call: Call) -> Any:
        calls.append(call)
        return 0, {"ResultingSystem": parse_path(FRONT1)}

    methods = {**service.METHODS, (MANAGE, "DefineSystem"): define}
    monkeypatch.setattr(service, "METHODS", methods)
    return calls


def test_central_instances(lab: Provider) -> None:
    for profile in (MEMORY, f"root/PG_InterOp:{MEMORY}"):
        returned, out = lab.invoke_method(profile, "GetCentralInstances")
        assert returned == 0
        assert [str(each) for each in out["CentralInstances"]] == [f"root/virt:{POOLS[1]}"]
    out = lab.invoke_method(GUESTS, "getcentralinstances")[1]
    assert {str(each) for each in out["CentralInstances"]} == {
        f"root/virt:{each}" for each in SYSTEMS}


@pytest.mark.parametrize(("path", "method", "given", "status", "text"), [
    (FRONT1, "NoSuch", {}, Status.METHOD_NOT_FOUND, "has no method NoSuch"),
    (FRONT1, "RequestStateChange", {"RequestedState": 2}, Status.METHOD_NOT_AVAILABLE,
     "is not available"),
    (MEMORY, "PullConformantInstances", {}, Status.METHOD_NOT_AVAILABLE, "is not available"),
    (FRONT1.replace("front1", "nosuch"), "RequestStateChange", {}, Status.NOT_FOUND, "(Name)"),
    ("Virt_ComputerSystem", "RequestStateChange", {}, Status.INVALID_PARAMETER, "not an instance"),
    ("Virt_NoSuch.Name=\"a\"", "RequestStateChange", {}, Status.INVALID_CLASS, "not declared"),
    (FRONT1, "RequestStateChange", {"RequestedState": "off"}, Status.TYPE_MISMATCH,
     "RequestStateChange: RequestedState: 'off' is not of type uint16"),
    (FRONT1, "RequestStateChange", {"RequestedState": 70000}, Status.INVALID_PARAMETER, "outside"),
    (FRONT1, "RequestStateChange", {"State": 2}, Status.INVALID_PARAMETER,
     "State is not an input parameter"),
    (FRONT1, "RequestStateChange", {"Job": FRONT1}, Status.INVALID_PARAMETER,
     "Job is not an input parameter"),
    (FRONT1, "RequestStateChange", {"RequestedState": 2, "requestedstate": 3},
     Status.INVALID_PARAMETER, "given twice"),
])
def test_refused(
    lab: Provider, path: str, method: str, given: dict[str, Any], status: Status, text: str
) -> None:
    with pytest.raises(Error) as raised:
        lab.invoke_method(path, method, given)
    assert raised.value.status == status and text in raised.value.text


def test_what_is_required(lab: Provider, management: Path) -> None:
    """Of the methods here ChangeAffectedElementsAssignedSequence has parameters that are."""
    given: dict[str, Any] = {"ManagedElements": [FRONT1], "AssignedSequence": None}
    with pytest.raises(Error, match="AssignedSequence is missing") as raised:
        lab.invoke_method(management, "ChangeAffectedElementsAssignedSequence", given)
    assert raised.value.status == Status.INVALID_PARAMETER
    with pytest.raises(Error, match="is not available"):
        lab.invoke_method(management, "ChangeAffectedElementsAssignedSequence",
                               ManagedElements=[FRONT1], AssignedSequence=[1])


def test_arguments_arrive_as_declared(
    lab: Provider, management: Path, heard: list[Call]
) -> None:
    settings = Instance("Virt_VirtualSystemSettingData", {"ElementName": "new"})
    returned, out = lab.invoke_method(
        management, "DEFINESYSTEM", {"systemsettings": settings}, ResourceSettings=[settings])
    assert returned == 0 and out["ResultingSystem"].namespace == "root/virt"
    assert heard[0].given == {"SystemSettings": settings, "ResourceSettings": [settings]}
    assert heard[0].path == management


def test_every_method_is_declared() -> None:
    schema = load()
    for class_name, method in service.METHODS:
        assert method in schema.resolved(class_name).methods


# pywbem

def test_pywbem_invokes(wbem: Connection) -> None:
    profile = pywbem.CIMInstanceName("CIM_RegisteredProfile", {"InstanceID": PROFILE}, None,
                                     "interop")
    profile.classname = "Virt_RegisteredProfile"
    returned, out = wbem.InvokeMethod("GetCentralInstances", profile)
    assert returned == 0 and isinstance(returned, pywbem.Uint8)
    (pool,) = out["centralinstances"]
    assert wbem.GetInstance(pool)["PoolID"] == "MemoryPool/0"


def test_pywbem_sends_embedded_instances(wbem: Connection, heard: list[Call]) -> None:
    path = wbem.EnumerateInstanceNames(MANAGE)[0]
    disk = pywbem.CIMInstance("Virt_DiskResourceAllocationSettingData",
                              {"Address": "/a", "VirtualQuantity": pywbem.Uint64(5),
                               "PoolID": pywbem.CIMProperty("PoolID", None, "string")})
    guest = pywbem.CIMInstance("Virt_VirtualSystemSettingData", {"ElementName": "new"})
    returned, out = wbem.InvokeMethod("DefineSystem", path, [("SystemSettings", guest)],
                                      ResourceSettings=[disk])
    assert (returned, out["ResultingSystem"]["Name"]) == (0, "front1")
    assert isinstance(returned, pywbem.Uint32)
    assert heard[0].given == {
        "SystemSettings": Instance("Virt_VirtualSystemSettingData", {"ElementName": "new"}),
        "ResourceSettings": [Instance("Virt_DiskResourceAllocationSettingData",
                                      {"Address": "/a", "VirtualQuantity": 5})]}
    wbem.InvokeMethod("DefineSystem", path, [pywbem.CIMParameter(
        "ReferenceConfiguration", "reference", value=path)])
    assert heard[1].given["ReferenceConfiguration"].class_name == path.classname


@pytest.mark.parametrize(("method", "params", "status"), [
    ("NoSuch", [], pywbem.CIM_ERR_METHOD_NOT_FOUND),
    ("StartService", [], pywbem.CIM_ERR_METHOD_NOT_AVAILABLE),
    ("DefineSystem", [("a", "b"), ("A", "b")], pywbem.CIM_ERR_INVALID_PARAMETER),
    ("DefineSystem", [("SystemSettings", pywbem.Uint8(1))], pywbem.CIM_ERR_TYPE_MISMATCH),
])
def test_pywbem_is_refused(wbem: Connection, method: str, params: Any, status: int) -> None:
    path = wbem.EnumerateInstanceNames(MANAGE)[0]
    with pytest.raises(pywbem.CIMError) as raised:
        wbem.InvokeMethod(method, path, params)
    assert raised.value.status_code == status
    with pytest.raises(pywbem.CIMError) as raised:
        wbem.InvokeMethod("StartService", path.classname)
    assert raised.value.status_code == pywbem.CIM_ERR_INVALID_PARAMETER


# the command

def test_command_invokes() -> None:
    said = printed("-c", LAB, "invoke", f"RegisteredProfile.InstanceID={PROFILE}",
                   "GetCentralInstances")
    assert said == f"ReturnValue = 0\nCentralInstances = root/virt:{POOLS[1]}\n"


def test_command_converts_arguments(heard: list[Call]) -> None:
    settings = '{"class": "Virt_VirtualSystemSettingData", "properties": {"ElementName": "n"}}'
    said = printed("-c", LAB, "invoke", "VirtualSystemManagementService", "DefineSystem",
                   f"SystemSettings={settings}", f"ResourceSettings={settings}",
                   f"resourcesettings={settings}",
                   "ReferenceConfiguration=VirtualSystemSettingData.InstanceID=Virt:front1")
    assert said.startswith("ReturnValue = 0\nResultingSystem = root/virt:Virt_Computer")
    given = heard[0].given
    assert len(given["ResourceSettings"]) == 2
    assert given["SystemSettings"].properties == {"ElementName": "n"}
    assert given["ReferenceConfiguration"].keys == {"InstanceID": "Virt:front1"}


@pytest.mark.parametrize(("arguments", "text"), [
    (["NoSuch"], "has no method NoSuch"),
    (["RequestStateChange", "RequestedState=x"], "'x' is not of type uint16"),
    (["RequestStateChange", "RequestedState"], "'RequestedState' is not NAME=VALUE"),
    (["RequestStateChange", "RequestedState=2", "RequestedState=3"], "given twice"),
    (["RequestStateChange", "No=2"], "No is not an input parameter"),
    (["RequestStateChange", "RequestedState=2"], "is not available"),
])
def test_command_is_refused(arguments: list[str], text: str) -> None:
    assert text in refused("-c", LAB, "invoke", "ComputerSystem.Name=front1", *arguments)
