# SPDX-License-Identifier: LGPL-2.1-or-later
"""Referential, on a real libvirtd and QEMU: what test_referential.py asks of any host."""

from __future__ import annotations

from collections.abc import Iterator

import libvirtd
import pytest
import real_host
from enumerated import Host
from libvirtd import Daemon
from lxml import etree
from test_referential import *  # noqa: F403  (every test, on the host below)

from libvirt_cim.hypervisor.connection import Connection

pytestmark = pytest.mark.libvirtd


@pytest.fixture(name="host", scope="module")
def real_one(real: Daemon) -> Iterator[Host]:
    connection = Connection(real.uri)
    yield Host(connection, 1 if libvirtd.SLOW else 7)
    connection.close()


def test_there_is_something_of_everything(host: Host) -> None:
    found = {path.class_name for path in host.instances}
    for name in ("LogicalDisk", "NetworkPort", "FilterList", "SnapshotSettingData", "StorageVolume",
                 "VirtualEthernetSwitch", "DiskPool", "KVMRedirectionSAP", "BaseMetricValue"):
        assert f"KVM_{name}" in found
    states = {each["Name"]: each["EnabledState"]
              for each in host.provider.enumerate_instances("KVM_ComputerSystem")}
    assert states == {"runs": 2, "passes": 2, "waits": 9, "sleeps": 6, "off": 3}
    assert set(host.guests) == set(real_host.GUESTS)


def test_types_of_pools_are_the_hosts(host: Host) -> None:
    told = etree.fromstring(host.connection.handle.getStoragePoolCapabilities())
    found = [host.provider.get_instance(path)["ResourceSubType"]
             for path in host.of("KVM_DiskPoolResourceAllocationSettingData")
             if path.keys["InstanceID"].startswith("DiskPool/0/Point")]
    assert found == told.xpath("pool[@supported='yes']/@type") and "dir" in found
