# SPDX-License-Identifier: LGPL-2.1-or-later
"""contrib/examples: each program as it stands, against a server of the lab."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from clients import EXAMPLES, PYWBEMCLI, java, needs_java, needs_pywbemcli, needs_wbemcli, ran
from command_line import printed
from lab import GUESTS, LAB, NETWORKS, ODD, guest
from listening import free_port
from served import config, serving, wbem


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(config()) as made:
        yield f"http://127.0.0.1:{made.bind_addr[1]}"


def test_inventory(url: str) -> None:
    lines = ran(sys.executable, EXAMPLES / "inventory.py", url).splitlines()
    systems = [line.split(" ", 1)[1] for line in lines if line[0] != " "]
    assert {*GUESTS, *NETWORKS} < set(systems) and systems == sorted(systems)
    start = lines.index("Virt_ComputerSystem store1")
    assert lines[start + 1:start + 4] == [
        "  Virt_LogicalDisk store1/vda", "  Virt_Memory store1/mem 8589934592 bytes",
        "  Virt_NetworkPort store1/52:54:00:aa:00:03"]


def test_state(url: str) -> None:
    lines = ran(sys.executable, EXAMPLES / "state.py", url).splitlines()
    assert {"front1: Enabled (OK)", "cache1: Quiesce (OK)", f"{ODD}: Disabled (Dormant)",
            "mail1: Enabled but Offline (Dormant)", "lab: Enabled (OK)"} <= set(lines)


def test_metrics(url: str) -> None:
    lines = ran(sys.executable, EXAMPLES / "metrics.py", url).splitlines()
    assert [line for line in lines if re.fullmatch(
        r"\S+ Time of the processors in user space \d+ second \* 10\^-9", line)]


@needs_pywbemcli
def test_pywbemcli(url: str) -> None:
    path = os.pathsep.join([str(Path(PYWBEMCLI or "").parent), os.environ["PATH"]])
    text = ran(EXAMPLES / "pywbemcli.sh", url, "front1", PATH=path)
    for line in ("libvirt-cim", "Virtual System Profile", "EnabledState = 2;",
                 'Virt_LogicalDisk.CreationClassName="Virt_LogicalDisk",DeviceID="front1/vda"',
                 "class Virt_ComputerSystem : CIM_ComputerSystem {"):
        assert line in text


@needs_wbemcli
def test_wbemcli(url: str) -> None:
    lines = ran(EXAMPLES / "wbemcli.sh", url, "front1").splitlines()
    assert "-EnabledState=2" in lines
    assert [each for each in lines if each.endswith('DeviceID="front1/vda"')]
    assert [each for each in lines if "Virt_SystemDevice.GroupComponent=" in each]
    assert [each for each in lines if each.startswith("-EnabledState=")]


@needs_java
def test_java(url: str) -> None:
    found = java(url, "anna", "x")
    assert found.stderr == ""
    lines = found.stdout.splitlines()
    assert {"system front1 state 2", "  Virt_LogicalDisk front1/vda", "running front1",
            "profile CIM:DSP1057-VirtualSystem-1.0.0 returned 0", "  Virt_ComputerSystem",
            "class CIM_ComputerSystem : CIM_System", "  NameFormat"} <= set(lines)
    assert "running build1" not in lines and f"system {ODD} state 3" in lines


def test_subscribe(tmp_path: Path) -> None:
    """It is told of a guest's life, and when it ends it has left nothing behind."""
    with serving(config("test:///default")) as made, wbem(made) as client, \
            (tmp_path / "errors").open("w") as errors:
        program = subprocess.Popen(
            [sys.executable, EXAMPLES / "subscribe.py", client.url], stdout=subprocess.PIPE,
            stderr=errors, text=True, env={**os.environ, "WBEM_LISTENER":
                                           f"127.0.0.1:{free_port()}"})
        assert program.stdout is not None
        try:
            assert program.stdout.readline() == "subscribed\n", (tmp_path / "errors").read_text()
            host = made.wsgi_app.broker.host("root/virt").watching().handle
            domain = host.defineXML(guest("told"))
            domain.create()
            domain.destroy()
            domain.undefine()
            lines = [program.stdout.readline().split() for _ in range(4)]
        finally:
            program.terminate()
            assert (program.wait(20), (tmp_path / "errors").read_text()) == (0, "")
        assert not client.EnumerateInstances("CIM_IndicationFilter", "interop")
    assert lines == [[f"Virt_ComputerSystem{what}Indication", "told", "state", state] for
                     what, state in (("Created", "3"), ("Modified", "2"), ("Modified", "3"),
                                     ("Deleted", "3"))]


def values(found: Any) -> Iterator[Any]:
    """All that stands somewhere in a value of JSON, objects and lists themselves too."""
    yield found
    if isinstance(found, (dict, list)):
        for each in found.values() if isinstance(found, dict) else found:
            yield from values(each)


def test_json_that_powershell_reads() -> None:
    """ConvertFrom-Json refuses names that differ in case only, and keeps 53 bits of a number
    where it is no Int64; what looks like a date of ISO 8601 it changes."""
    text = printed("-c", LAB, "enumerate", "CIM_ManagedElement", "--format", "json")
    found = json.loads(text)
    everything = list(values(found))
    for each in everything:
        if isinstance(each, dict):
            assert len({name.lower() for name in each}) == len(each) and "" not in each
        if isinstance(each, int):
            assert abs(each) < 2**53
        if isinstance(each, str):
            assert not re.match(r"\d{4}-\d\d-\d\dT|/Date\(", each)
    assert {"path", "class", "properties"} == set(found[0])
    assert any(isinstance(each, str) and re.fullmatch(r"\d{14}\.\d{6}[+-]\d{3}", each)
               for each in everything)


def test_json_of_references() -> None:
    links = json.loads(printed("-c", LAB, "enumerate", "CIM_SystemDevice", "--format", "json"))
    assert all(isinstance(value, str) and ":Virt_" in value
               for each in links for value in each["properties"].values())
