# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real host with many guests, and many requests: what is asked of libvirt, and memory."""

from __future__ import annotations

import http.client
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import libvirtd
import pytest
import real_host
from calls import counted
from libvirtd import Daemon
from served import HEADERS, LOCAL, basic, hashed, message

import libvirt_cim
from libvirt_cim.provider import Provider

pytestmark = [pytest.mark.libvirtd, pytest.mark.slow]
MANY, RUNNING = 500, 20
FEW, REQUESTS, GROWTH = 1000, 10_000, 1.05
SYSTEMS, DISKS = "KVM_ComputerSystem", "KVM_LogicalDisk"


# 500 guests, 20 of them running

def guest(base: Path, number: int) -> str:
    """A guest with a disk and a serial port."""
    disk = real_host.DISK.format(kind="file", format="raw", source=f"file='{base}/{number}.raw'",
                                 target="vda")
    return real_host.PLAIN.format(name=f"guest{number:03}", vcpus=2,
                                  devices=disk + "<serial type='pty'/>")


@pytest.fixture(scope="module")
def crowded() -> Iterator[Daemon]:
    """So many guests, the first of them running."""
    with libvirtd.found() as daemon:
        virt = daemon.opened()
        for number in range(MANY):
            made = virt.defineXML(guest(daemon.base, number))
            if number < RUNNING:
                (daemon.base / f"{number}.raw").write_bytes(bytes(1 << 20))
                made.create()
        virt.close()
        yield daemon


@pytest.fixture
def provider(crowded: Daemon) -> Iterator[Provider]:
    with libvirt_cim.connect(crowded.uri) as made:
        assert len(list(made.enumerate_instance_names(SYSTEMS))) == MANY
        yield made


def test_states_of_many(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = counted(monkeypatch)
    found = list(provider.enumerate_instances(SYSTEMS, property_list=["Name", "EnabledState"]))
    states = {each["Name"]: each["EnabledState"] for each in found}
    assert states == {f"guest{number:03}": 2 if number < RUNNING else 3 for number in range(MANY)}
    assert sum(calls.values()) <= 3 and not calls["XMLDesc"]


def test_disks_of_many(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = counted(monkeypatch)
    found = list(provider.enumerate_instances(DISKS))
    assert sorted(str(each["DeviceID"]) for each in found) == [
        f"guest{number:03}/vda" for number in range(MANY)]
    assert calls["XMLDesc"] == MANY and set(calls.documents.values()) == {1}
    assert sum(calls.values()) - MANY <= 6


def test_devices_of_many(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = counted(monkeypatch)
    found = [each["DeviceID"] for each in provider.enumerate_instances("CIM_LogicalDevice")]
    assert len(set(found)) == len(found) >= 5 * MANY
    assert calls.listings <= 6
    assert max(calls.documents.values()) == 1 and calls["XMLDesc"] <= MANY + RUNNING


def test_one_of_many(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f'{SYSTEMS}.CreationClassName="{SYSTEMS}",Name="guest007"'
    devices = {str(path) for path in provider.enumerate_instance_names("CIM_LogicalDevice")
               if path.keys["SystemName"] == "guest007"}
    calls = counted(monkeypatch)
    assert provider.get_instance(path)["EnabledState"] == 2
    assert sum(calls.values()) <= 8 and not calls.listings
    calls.clear()
    found = {str(each) for each in provider.associator_names(path, "CIM_SystemDevice")}
    assert found == devices
    assert sum(calls.values()) <= 8 and not calls.listings


# 10,000 requests

def memory(process: int) -> int:
    """What a process has in memory, in KiB."""
    text = Path(f"/proc/{process}/status").read_text("ascii")
    return int(text.partition("VmRSS:")[2].split()[0])


IN_PROCESS = """import sys
import libvirt_cim
provider = libvirt_cim.connect(sys.argv[1])
paths = list(provider.enumerate_instance_names("CIM_LogicalDevice"))
guest = 'KVM_ComputerSystem.CreationClassName="KVM_ComputerSystem",Name="runs"'
for count in map(int, sys.stdin):
    for number in range(count):
        if number % 10:
            provider.get_instance(paths[number % len(paths)])
        else:
            list(provider.associator_names(guest, "CIM_SystemDevice"))
    print(count, flush=True)
"""
ASKED = (f'<IMETHODCALL NAME="GetInstance">{LOCAL}<IPARAMVALUE NAME="InstanceName"><INSTANCENAME '
         'CLASSNAME="KVM_ComputerSystem"><KEYBINDING NAME="CreationClassName"><KEYVALUE>'
         'KVM_ComputerSystem</KEYVALUE></KEYBINDING><KEYBINDING NAME="Name"><KEYVALUE>runs'
         '</KEYVALUE></KEYBINDING></INSTANCENAME></IPARAMVALUE></IMETHODCALL>')


def grown(process: Any, asked: Any) -> tuple[int, int]:
    """Memory after a few requests and after many."""
    asked(FEW)
    few = memory(process.pid)
    asked(REQUESTS - FEW)
    return few, memory(process.pid)


def test_memory_in_process(real: Daemon) -> None:
    process = subprocess.Popen([sys.executable, "-c", IN_PROCESS, real.uri], text=True,
                               bufsize=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(count: int) -> None:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(f"{count}\n")
        assert process.stdout.readline() == f"{count}\n"

    try:
        few, many = grown(process, ask)
    finally:
        process.kill()
        process.communicate()
    assert many <= GROWTH * few, (few, many)


def test_memory_of_the_server(real: Daemon, tmp_path: Path) -> None:
    users = tmp_path / "users"
    users.write_text(f"anna:{hashed('secret')}\n", "utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "libvirt_cim", "-c", real.uri, "serve", "--listen", "127.0.0.1:0",
         "--users", str(users)], text=True, stderr=subprocess.PIPE)
    try:
        assert process.stderr is not None
        port = int(process.stderr.readline().rpartition(":")[2])
        threading.Thread(target=process.stderr.read, daemon=True).start()  # its log
        few, many = grown(process, lambda count: requests(port, count))
    finally:
        process.terminate()
        process.wait(10)
    assert many <= GROWTH * few, (few, many)


def requests(port: int, count: int) -> None:
    """So many requests one after the other, on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {**HEADERS, "CIMMethod": "GetInstance", "Authorization": basic("anna:secret")}
    for _ in range(count):
        connection.request("POST", "/cimom", message(ASKED), headers)
        answer = connection.getresponse()
        assert answer.status == 200 and b"IRETURNVALUE" in answer.read()
    connection.close()
