# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real host that changes while it is read: guests and devices that go, libvirtd killed."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from typing import Any, Callable

import libvirtd
import pytest
import pywbem
import real_host
from libvirtd import Daemon
from served import NAMESPACE, config, hashed, serving, wbem

import libvirt_cim
from libvirt_cim.adapter.pywbem import connect
from libvirt_cim.cim import Error, Instance, Status
from libvirt_cim.provider import Provider

pytestmark = pytest.mark.libvirtd
MANY = 120  # guests: more than are asked for ahead
NAMES = [f"guest{number:03}" for number in range(MANY)]
STICK = """<disk type='file'><driver name='qemu' type='raw'/><source file='{}'/>
<target dev='sda' bus='usb'/><shareable/></disk>"""
DISKS, SYSTEMS = "KVM_LogicalDisk", "KVM_ComputerSystem"
FIRST = f'{SYSTEMS}.CreationClassName="{SYSTEMS}",Name="{NAMES[0]}"'


def slow(*values: Any) -> list[Any]:
    """Parameters for who has time."""
    return [pytest.param(each, marks=pytest.mark.slow) for each in values]


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    with libvirtd.found() as made:
        (made.base / "stick.raw").write_bytes(bytes(1 << 20))
        with contextlib.closing(made.opened()) as virt:
            for name in NAMES:
                virt.defineXML(guest(made, name))
        yield made


def guest(daemon: Daemon, name: str) -> str:
    """A guest's document, with a disk on USB that it lets go at once."""
    stick = STICK.format(daemon.base / "stick.raw")
    return real_host.PLAIN.format(name=name, vcpus=1, devices=stick + "<controller type='usb'/>")


@pytest.fixture
def virt(daemon: Daemon) -> Iterator[Any]:
    """libvirt's own view; every guest is there again after the test, and off."""
    found = daemon.opened()
    yield found
    with contextlib.closing(daemon.opened()) as found:
        for each in found.listAllDomains(1):
            each.destroy()
        for name in set(NAMES) - {each.name() for each in found.listAllDomains()}:
            found.defineXML(guest(daemon, name))


@pytest.fixture
def provider(daemon: Daemon) -> Iterator[Provider]:
    with libvirt_cim.connect(daemon.uri) as made:
        yield made


# guests and devices that go

def test_a_guest_that_goes_is_left_out(provider: Provider, virt: Any) -> None:
    found = provider.enumerate_instances(DISKS)
    seen = [next(found).path.keys["SystemName"]]  # type: ignore[union-attr]
    last = virt.listAllDomains()[-1]
    name = last.name()
    last.undefine()
    seen += [each.path.keys["SystemName"] for each in found]  # type: ignore[union-attr]
    assert sorted(seen) == [each for each in NAMES if each != name]
    path = f'{SYSTEMS}.CreationClassName="{SYSTEMS}",Name="{name}"'
    for asked in (provider.get_instance, lambda each: list(provider.associators(each))):
        with pytest.raises(Error, match="No such instance") as caught:
            asked(path)
        assert caught.value.status == Status.NOT_FOUND


@pytest.mark.parametrize("class_name", [SYSTEMS, "CIM_SystemDevice", *slow(
    "CIM_LogicalDevice", "CIM_SettingData", "CIM_BaseMetricValue")])
def test_guests_that_go_while_they_are_read(
    provider: Provider, virt: Any, class_name: str
) -> None:
    virt.lookupByName(NAMES[0]).create()
    found = provider.enumerate_instances(class_name)
    first = next(found)
    for number, each in enumerate(virt.listAllDomains()):
        if each.isActive():
            each.destroy()
        if number % 2:
            each.undefine()
    kept = {each.name() for each in virt.listAllDomains()}
    paths = [each.path for each in itertools.chain([first], found)]
    assert len(set(paths)) == len(paths)
    if class_name == SYSTEMS:
        assert kept <= {path.keys["Name"] for path in paths if path} <= set(NAMES)


def test_a_device_that_goes(provider: Provider, virt: Any, daemon: Daemon) -> None:
    running = virt.lookupByName(NAMES[0])
    running.create()
    (path,) = [each for each in provider.enumerate_instance_names(DISKS)
               if each.keys["SystemName"] == NAMES[0]]
    others = provider.associators(path)
    next(others)
    running.detachDeviceFlags(STICK.format(daemon.base / "stick.raw"), 1)
    with contextlib.suppress(Error):
        list(others)
    assert "<disk" not in running.XMLDesc()
    for asked in (provider.get_instance, lambda each: list(provider.references(each))):
        with pytest.raises(Error, match="No such instance"):
            asked(path)
    settings = f'KVM_DiskResourceAllocationSettingData.InstanceID="{NAMES[0]}'
    assert provider.get_instance(f'{settings}/sda"')  # its configuration has it still
    with pytest.raises(Error, match="No such instance"):
        provider.get_instance(f'{settings}/active/sda"')


# libvirtd killed

@contextlib.contextmanager
def lost(daemon: Daemon) -> Iterator[None]:
    """libvirtd is killed here and comes back afterwards."""
    daemon.kill()
    try:
        yield
    finally:
        daemon.start()


@pytest.mark.parametrize("after", [0, 20, *slow(1, MANY - 1)])
@pytest.mark.parametrize("class_name", [DISKS, *slow(SYSTEMS, "CIM_SystemDevice")])
def test_a_lost_libvirtd(
    provider: Provider, daemon: Daemon, class_name: str, after: int
) -> None:
    """What was asked for ends right or with an error, what is asked for next is answered."""
    every = {each.path for each in provider.enumerate_instances(class_name)}
    found = provider.enumerate_instances(class_name)
    read = [next(found).path for _ in range(after)]
    with lost(daemon):
        try:
            read += [each.path for each in found]
        except Error as error:
            assert error.status == Status.FAILED
            assert daemon.uri in error.text
        else:
            assert set(read) == every and len(read) == len(every)
        with pytest.raises(Error, match="cannot connect|was lost") as caught:
            list(provider.enumerate_instance_names(SYSTEMS))
        assert caught.value.status == Status.FAILED
    assert {each.path for each in provider.enumerate_instances(class_name)} == every


@pytest.mark.parametrize("asked", [
    lambda provider: provider.enumerate_instances(SYSTEMS),
    lambda provider: [provider.get_instance(FIRST)],
    lambda provider: provider.associators(FIRST),
    lambda provider: provider.enumerate_instance_names("CIM_LogicalDevice"),
    lambda provider: provider.enumerate_instances("CIM_ManagedSystemElement"),
], ids=["guests", "a guest", "what a guest has", "names", "everything"])
def test_a_libvirtd_that_was_away(
    provider: Provider, daemon: Daemon, asked: Callable[[Provider], Any]
) -> None:
    """Who only asks does not notice that it was."""
    before = [str(each.path if isinstance(each, Instance) else each) for each in asked(provider)]
    with lost(daemon):
        pass
    after = [str(each.path if isinstance(each, Instance) else each) for each in asked(provider)]
    assert sorted(after) == sorted(before) and before


@pytest.fixture(params=["in this process", "server"])
def client(request: pytest.FixtureRequest, daemon: Daemon, tmp_path: Any) -> Iterator[Any]:
    """pywbem's connection, in this process or over HTTP."""
    if request.param == "server":
        users = tmp_path / "users"
        users.write_text(f"anna:{hashed('secret')}\n", "utf-8")
        with serving(config(daemon.uri, users=str(users))) as made:
            yield wbem(made, creds=("anna", "secret"))
    else:
        with connect(daemon.uri) as made:
            yield made


def test_pywbem_and_a_lost_libvirtd(client: Any, daemon: Daemon) -> None:
    calls: list[Callable[[], Any]] = [
        lambda: client.EnumerateInstances(DISKS, namespace=NAMESPACE),
        lambda: [client.GetInstance(path)], lambda: client.AssociatorNames(path),
        lambda: client.IterEnumerateInstances(SYSTEMS, MaxObjectCount=7),
    ]
    path = client.EnumerateInstanceNames(SYSTEMS)[0]
    first = client.OpenEnumerateInstances(SYSTEMS, MaxObjectCount=5)
    before = [sorted(map(str, call())) for call in calls]
    with lost(daemon):
        for call in calls:
            with pytest.raises(pywbem.CIMError) as caught:
                list(call())
            assert caught.value.status_code == pywbem.CIM_ERR_FAILED
            assert "Traceback" not in caught.value.status_description
    for call, answer in zip(calls, before):
        assert sorted(map(str, call())) == answer  # in an order of libvirtd's own
    with contextlib.suppress(pywbem.CIMError):
        rest = client.PullInstancesWithPath(first.context, MaxObjectCount=MANY)
        assert len(first.instances) + len(rest.instances) == MANY
