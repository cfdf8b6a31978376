# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a guest's agent says: from old calls and new, and that nobody is asked who isn't there."""

from __future__ import annotations

import answering
import pytest
from calls import Calls, counted
from lab import device, disk, system
from small_host import breaking, failing

from libvirt_cim.cim import Error, Status
from libvirt_cim.hypervisor.connection import Connection
from libvirt_cim.hypervisor.error import libvirt
from libvirt_cim.provider import Provider
from libvirt_cim.request import Request
from libvirt_cim.schema import load

SYSTEM, EXTENT = system(answering.NAME), disk(answering.NAME, "vda")
PORT = device("Virt_NetworkPort", answering.NAME, answering.MAC)
OS = ('Virt_OperatingSystem.CSCreationClassName="Virt_ComputerSystem",CSName="answers",'
      'CreationClassName="Virt_OperatingSystem",Name="os"')
CALLS = ("guestInfo", "fsInfo", "hostname", "interfaceAddresses", "agentSetResponseTimeout")
TOLD = {
    "user.count": 2, "user.0.name": "root", "user.0.login-time": 1700000000000,
    "user.1.name": "web\0", "os.id": "debian", "os.pretty-name": "Debian GNU/Linux 12",
    "os.version-id": "12", "timezone.name": "NST", "timezone.offset": -12600,
    "hostname": "web1.example", "fs.count": 1, "fs.0.mountpoint": "/srv", "fs.0.fstype": "xfs",
    "fs.0.total-bytes": 3000, "fs.0.used-bytes": 1000, "fs.0.disk.count": 1,
    "fs.0.disk.0.alias": "vda", "if.count": 2, "if.0.name": "lo", "if.0.addr.count": 1,
    "if.0.addr.0.type": "ipv6", "if.0.addr.0.addr": "::1", "if.0.addr.0.prefix": 128,
    "if.1.name": "eth0", "if.1.hwaddr": answering.MAC, "if.1.addr.count": 1,
    "if.1.addr.0.type": "ipv4", "if.1.addr.0.addr": "192.0.2.7", "if.1.addr.0.prefix": 20,
}


@pytest.fixture
def provider(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """The provider of a host with a guest in which an agent answers, and others."""
    answering.add(connection.handle)
    answering.connected(monkeypatch)
    return Provider(load("Virt"), lambda: Request(connection))


@pytest.fixture
def asked(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Calls:
    """The calls from now on."""
    return counted(monkeypatch)


@pytest.fixture
def new(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """A libvirt that knows everything of the guest."""
    monkeypatch.setattr(libvirt.virDomain, "guestInfo", lambda *arguments: dict(TOLD))


def names(provider: Provider, path: str, association: str) -> list[str]:
    """What an association leads to, by the last of its keys."""
    found = provider.associator_names(path, association)
    return [each.keys.get("Name") or each.keys["DeviceID"] for each in found]


def test_old_calls(provider: Provider, asked: Calls) -> None:
    (found,) = provider.enumerate_instances("CIM_OperatingSystem")
    host = provider.get_instance(OS)["HostName"]
    assert host and found.properties == {
        "CSCreationClassName": "Virt_ComputerSystem", "CSName": "answers", "HostName": host,
        "CreationClassName": "Virt_OperatingSystem", "Name": "os", "EnabledState": 2}
    assert [each["FileSystemType"] for each in provider.enumerate_instances("CIM_FileSystem")] \
        == ["ext4", "ext4"]
    (address,) = provider.enumerate_instances("CIM_IPProtocolEndpoint")
    assert address["IPv4Address"].startswith("192.168.") and address["ProtocolIFType"] == 4096
    assert address["SubnetMask"] == "255.255.255.0" and address["InterfaceName"] == "testnet0"
    assert {asked[name] for name in CALLS} == {4}  # of four requests one each


def test_the_new_call(provider: Provider, new: None, asked: Calls) -> None:
    found = provider.get_instance(OS)
    assert found["ElementName"] == "Debian GNU/Linux 12" and found["OSType"] == 95
    assert found["HostName"] == "web1.example" and found["CurrentTimeZone"] == -210
    assert found["NumberOfUsers"] == 2 and found["Users"] == ["root", "web\ufffd"]
    assert found.get("KernelRelease") is None
    assert {name for name in CALLS if asked[name]} == {"guestInfo", CALLS[-1]}
    (mounted,) = provider.enumerate_instances("Virt_LocalFileSystem")
    assert (mounted["FileSystemSize"], mounted["AvailableSpace"]) == (3000, 2000)
    six, four = provider.enumerate_instances("Virt_IPProtocolEndpoint")
    assert (six["IPv6Address"], six["PrefixLength"], six["ProtocolIFType"]) == ("::1", 128, 4097)
    assert (four["IPv4Address"], four["SubnetMask"]) == ("192.0.2.7", "255.255.240.0")
    assert six.get("IPv4Address") is six.get("SubnetMask") is four.get("PrefixLength") is None


def test_what_belongs_together(provider: Provider, new: None) -> None:
    (mounted,) = provider.enumerate_instance_names("Virt_LocalFileSystem")
    loopback, address = provider.enumerate_instance_names("Virt_IPProtocolEndpoint")
    assert names(provider, SYSTEM, "CIM_RunningOS") == ["os"]
    assert names(provider, OS, "CIM_RunningOS") == ["answers"]
    assert names(provider, SYSTEM, "CIM_HostedFileSystem") == ["/srv"]
    assert names(provider, EXTENT, "CIM_ResidesOnExtent") == ["/srv"]
    assert names(provider, str(mounted), "CIM_ResidesOnExtent") == ["answers/vda"]
    assert names(provider, SYSTEM, "Virt_HostedIPEndpoint") == ["lo/::1", "eth0/192.0.2.7"]
    assert names(provider, PORT, "Virt_PortImplementsIPEndpoint") == ["eth0/192.0.2.7"]
    assert names(provider, str(address), "CIM_PortImplementsEndpoint") == [
        f"answers/{answering.MAC}"]
    assert names(provider, str(loopback), "CIM_PortImplementsEndpoint") == []


def test_names_ask_nobody(provider: Provider, asked: Calls) -> None:
    assert len(list(provider.enumerate_instance_names("Virt_OperatingSystem"))) == 1
    assert not [name for name in CALLS if asked[name]]


@pytest.mark.parametrize("state", ["disconnected", "off"])
def test_who_is_not_there_is_not_asked(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    if state == "off":
        answering.connected(monkeypatch)
        connection.handle.defineXML(answering.GUEST)
    else:
        answering.add(connection.handle)
    provider = Provider(load("Virt"), lambda: Request(connection))
    asked = counted(monkeypatch)
    assert not list(provider.enumerate_instances("CIM_OperatingSystem"))
    assert not list(provider.enumerate_instances("CIM_FileSystem"))
    assert names(provider, SYSTEM, "CIM_HostedFileSystem") == []
    with pytest.raises(Error, match="No such instance"):
        provider.get_instance(OS)
    assert not [name for name in CALLS if asked[name]]


def test_other_classes_ask_no_agent(provider: Provider, asked: Calls) -> None:
    for name in ("CIM_ComputerSystem", "CIM_LogicalDevice", "CIM_SettingData"):
        assert list(provider.enumerate_instances(name))
    assert not [name for name in CALLS if asked[name]]


@pytest.mark.parametrize("code", ["AGENT_UNRESPONSIVE", "OPERATION_INVALID"])
def test_an_agent_that_is_silent_is_asked_once(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    broken = breaking(failing(getattr(libvirt, f"VIR_ERR_{code}")))
    monkeypatch.setattr(libvirt.virDomain, "guestInfo", broken)
    asked = counted(monkeypatch)
    assert provider.get_instance(OS).get("HostName") is None
    assert not list(provider.enumerate_instances("CIM_FileSystem"))
    assert asked["guestInfo"] == 2 and asked["fsInfo"] == asked["interfaceAddresses"] == 0


def test_what_one_call_refuses_another_may_tell(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("guestInfo", "hostname", "agentSetResponseTimeout"):
        broken = breaking(failing(libvirt.VIR_ERR_OPERATION_DENIED))
        monkeypatch.setattr(libvirt.virDomain, name, broken)
    assert provider.get_instance(OS).get("HostName") is None
    assert len(list(provider.enumerate_instances("CIM_FileSystem"))) == 2


def test_a_lost_connection_is_no_silence(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = breaking(failing(libvirt.VIR_ERR_INVALID_CONN))
    monkeypatch.setattr(libvirt.virDomain, "guestInfo", lost)
    with pytest.raises(Error, match="was lost") as raised:
        provider.get_instance(OS)
    assert raised.value.status == Status.FAILED


def test_a_walk_through_all_fetches_each_document_once(
    connection: Connection, provider: Provider, asked: Calls
) -> None:
    """Also where no more than one guest's documents are kept."""
    walking = Provider(load("Virt"), lambda: Request(connection, keep=1))
    names = {each.class_name for each in walking.enumerate_instances("CIM_ManagedElement")}
    assert {"Virt_ComputerSystem", "Virt_OperatingSystem", "Virt_IPProtocolEndpoint"} <= names
    assert max(asked.documents.values()) == 1
    assert asked["fsInfo"] == 1
