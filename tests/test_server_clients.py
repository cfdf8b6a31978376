# SPDX-License-Identifier: LGPL-2.1-or-later
"""The server as a program, and other programs as its clients: wbemcli, pywbemcli."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pywbem
from command_line import start
from lab import GUESTS, LAB
from served import config, serving

WBEMCLI = shutil.which("wbemcli")
PYWBEMCLI = os.environ.get("LIBVIRT_CIM_PYWBEMCLI") or shutil.which("pywbemcli")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve(tmp_path: Path, number: int) -> None:
    file = tmp_path / "conf"
    file.write_text(f"[server]\nlog-target = {tmp_path / 'log'}\n[connection]\nuri = {LAB}\n")
    with start("serve", "--config", file, "--listen", "127.0.0.1:0") as process:
        assert process.stderr
        line = process.stderr.readline().decode()
        match = re.fullmatch(r"libvirt-cim: serving (http://127\.0\.0\.1:\d+)\n", line)
        assert match, line
        client = pywbem.WBEMConnection(match[1], default_namespace="root/virt", timeout=20)
        assert len(client.EnumerateInstanceNames("Virt_ComputerSystem")) == len(GUESTS)
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
        assert (process.returncode, out, err) == (0, b"", b"")
    assert "127.0.0.1 - EnumerateInstanceNames root/virt:Virt_ComputerSystem ok " in (
        tmp_path / "log").read_text()


def test_a_port_that_is_taken() -> None:
    with serving(config()) as made:
        address = f"127.0.0.1:{made.bind_addr[1]}"
        with start("-c", LAB, "serve", "--listen", address) as process:
            out, err = process.communicate(timeout=20)
    assert process.returncode == 1 and out == b""
    assert err.startswith(b"libvirt-cim: ") and b"in use" in err and err.count(b"\n") == 1


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving(config()) as made:
        yield f"127.0.0.1:{made.bind_addr[1]}"


def ran(*command: Any, status: int = 0) -> str:
    """What a program prints."""
    done = subprocess.run([str(each) for each in command], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == status, (done.stdout, done.stderr)
    return done.stdout


@pytest.mark.skipif(not WBEMCLI, reason="Debian's sblim-wbemcli is not installed")
def test_wbemcli(address: str) -> None:
    where = f"http://{address}/root/virt"
    names = ran(WBEMCLI, "ein", f"{where}:Virt_ComputerSystem").splitlines()
    assert len(names) == len(GUESTS)
    path, = [each for each in names if '"front1"' in each]
    path = f"http://{path}"
    assert 'Name="front1"' in ran(WBEMCLI, "gi", path)
    assert len(ran(WBEMCLI, "-nl", "ei", f"{where}:CIM_LogicalDevice").split("\n\n")) >= 1
    assert "Virt_LogicalDisk" in ran(WBEMCLI, "ain", path)
    assert "Virt_SystemDevice" in ran(WBEMCLI, "rin", path)
    assert ran(WBEMCLI, "ai", path) and ran(WBEMCLI, "ri", path)
    assert "Virt_ComputerSystem" in ran(WBEMCLI, "ecn", f"{where}:CIM_System")
    assert "EnabledState" in ran(WBEMCLI, "gc", f"{where}:Virt_ComputerSystem")
    failed = subprocess.run([WBEMCLI or "", "ei", f"{where}:CIM_Nothing"], capture_output=True,
                            text=True)
    assert "CIM_ERR_INVALID_CLASS" in failed.stdout + failed.stderr


@pytest.mark.skipif(not PYWBEMCLI, reason="pywbemcli is not installed ($LIBVIRT_CIM_PYWBEMCLI)")
def test_pywbemcli(address: str) -> None:
    options = ("-s", f"http://{address}", "-d", "root/virt")
    names = ran(PYWBEMCLI, *options, "instance", "enumerate", "Virt_ComputerSystem", "--no")
    assert len(names.split()) >= len(GUESTS)
    assert "Virt_ComputerSystem" in ran(PYWBEMCLI, *options, "class", "tree", "CIM_System")
    assert "EnabledState" in ran(PYWBEMCLI, *options, "class", "get", "Virt_ComputerSystem")
    assert "MappingStrings" in ran(PYWBEMCLI, *options, "qualifier", "enumerate")
    name = 'Virt_ComputerSystem.CreationClassName="Virt_ComputerSystem",Name="front1"'
    assert "front1" in ran(PYWBEMCLI, *options, "instance", "get", name)
    assert "Virt_LogicalDisk" in ran(PYWBEMCLI, *options, "instance", "associators", name, "--no")
