# SPDX-License-Identifier: LGPL-2.1-or-later
"""The server as a program, and other programs as its clients: pywbem, wbemcli, pywbemcli, Java."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pywbem
from certificates import Issued, tls_config
from clients import PYWBEMCLI, WBEMCLI, done, java, needs_java, needs_pywbemcli, needs_wbemcli, ran
from command_line import start
from lab import GUESTS, LAB
from listening import listening
from served import config, hashed, serving

SYSTEM = 'Virt_ComputerSystem.CreationClassName="Virt_ComputerSystem",Name="front1"'


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


HANGING = """import sys, threading
import libvirt
from libvirt_cim import serve
from libvirt_cim.config import Config, Connection

made = serve.server

def hurried(config):
    found = made(config)
    found.shutdown_timeout = 0.2
    return found

def hang(*arguments):
    print("asked", flush=True)
    threading.Event().wait()

libvirt.virConnect.listAllNetworks = hang
serve.server = hurried
serve.run(Config([Connection(sys.argv[1])], listen=("127.0.0.1", 0), log_level="error"))
"""


def test_a_call_that_never_ends_does_not_keep_the_server() -> None:
    with subprocess.Popen([sys.executable, "-c", HANGING, LAB], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stderr
        try:
            client = pywbem.WBEMConnection(process.stderr.readline().split()[-1], timeout=20)
            asking = threading.Thread(target=_lost, args=(client,), daemon=True)
            asking.start()
            assert process.stdout.readline() == "asked\n"
            process.terminate()
            assert process.wait(10) == 0
            asking.join(10)
            assert not asking.is_alive()
        finally:
            process.kill()


def _lost(client: pywbem.WBEMConnection) -> None:
    with pytest.raises(pywbem.ConnectionError):
        client.EnumerateInstanceNames("Virt_VirtualEthernetSwitch", "root/virt")


def test_a_port_that_is_taken() -> None:
    with serving(config()) as made:
        address = f"127.0.0.1:{made.bind_addr[1]}"
        with start("-c", LAB, "serve", "--listen", address) as process:
            out, err = process.communicate(timeout=20)
    assert process.returncode == 1 and out == b""
    assert err.decode() == f"libvirt-cim: {address}: Address already in use\n"


def test_an_address_that_is_not_this_machines() -> None:
    with start("-c", LAB, "serve", "--listen", "[2001:db8::1]:5988") as process:
        _, err = process.communicate(timeout=20)
    assert process.returncode == 1 and err.startswith(b"libvirt-cim: [2001:db8::1]:5988: ")
    assert err.count(b"\n") == 1 and b"mistake" not in err and b"Errno" not in err


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving(config()) as made:
        yield f"127.0.0.1:{made.bind_addr[1]}"


@needs_wbemcli
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
    assert ran(WBEMCLI, "gp", path, "EnabledState") == "2\n"
    assert ran(WBEMCLI, "ai", path) and ran(WBEMCLI, "ri", path)
    assert "Virt_ComputerSystem" in ran(WBEMCLI, "ecn", f"{where}:CIM_System")
    assert "EnabledState" in ran(WBEMCLI, "gc", f"{where}:Virt_ComputerSystem")
    failed = done(WBEMCLI, "ei", f"{where}:CIM_Nothing")
    assert "CIM_ERR_INVALID_CLASS" in failed.stdout + failed.stderr


@needs_pywbemcli
def test_pywbemcli(address: str) -> None:
    options = ("-s", f"http://{address}", "-d", "root/virt")
    names = ran(PYWBEMCLI, *options, "instance", "enumerate", "Virt_ComputerSystem", "--no")
    assert len(names.split()) >= len(GUESTS)
    assert "Virt_ComputerSystem" in ran(PYWBEMCLI, *options, "class", "tree", "CIM_System")
    assert "EnabledState" in ran(PYWBEMCLI, *options, "class", "get", "Virt_ComputerSystem")
    assert "MappingStrings" in ran(PYWBEMCLI, *options, "qualifier", "enumerate")
    assert "front1" in ran(PYWBEMCLI, *options, "instance", "get", SYSTEM)
    assert "Virt_LogicalDisk" in ran(PYWBEMCLI, *options, "instance", "associators", SYSTEM, "--no")


@needs_pywbemcli
@pytest.mark.parametrize(("command", "expected"), [
    (("namespace", "list"), "root/cimv2"), (("namespace", "interop"), "interop"),
    (("profile", "list"), "Virtual System Profile"), (("profile", "centralinsts"), "HostSystem"),
    (("server", "info"), "libvirt-cim"), (("server", "brand"), "libvirt-cim"),
    (("server", "schema"), "CIM, Virt"), (("connection", "test"), "OK"),
    (("class", "find", "CIM_Comp*"), "root/virt: CIM_ComputerSystem"),
    (("class", "associators", "CIM_ComputerSystem", "--no"), "CIM_LogicalDevice"),
    (("class", "references", "CIM_ComputerSystem", "--no"), "CIM_Component"),
    (("qualifier", "get", "Key"), "DisableOverride"), (("statistics", "show"), "Operation"),
    (("instance", "count", "Virt_ComputerSystem"), str(len(GUESTS))),
    (("instance", "shrub", SYSTEM), "Virt_RegisteredProfile"),
    (("instance", "references", SYSTEM, "--no"), "Virt_HostedDependency"),
    (("instance", "enumerate", "CIM_System", "--fql", "DMTF:FQL", "--fq", "Name='front1'"),
     'Name = "front1"'),
])
def test_commands_of_pywbemcli(address: str, command: Any, expected: str) -> None:
    assert expected in ran(PYWBEMCLI, "-s", f"http://{address}", "-d", "root/virt", *command)


@needs_pywbemcli
@pytest.mark.parametrize(("command", "expected"), [
    (("namespace", "create", "root/x"), "CIM_ERR_NOT_SUPPORTED"),
    (("class", "delete", "CIM_X"), "CIM_ERR_INVALID_CLASS"),
    (("qualifier", "delete", "Key"), "CIM_ERR_NOT_SUPPORTED"),
    (("instance", "enumerate", "CIM_X"), "CIM_ERR_INVALID_CLASS"),
    (("instance", "get", SYSTEM.replace("front1", "x")), "CIM_ERR_NOT_FOUND"),
    (("-d", "root/no", "instance", "enumerate", "CIM_System"), "CIM_ERR_INVALID_NAMESPACE"),
])
def test_what_pywbemcli_is_refused(address: str, command: Any, expected: str) -> None:
    found = done(PYWBEMCLI, "-s", f"http://{address}", "-d", "root/virt", *command)
    assert found.returncode == 1 and expected in found.stderr


@needs_pywbemcli
def test_pywbemcli_subscribes(address: str) -> None:
    """Its commands add, list and remove, in the order that a server asks for."""
    def ask(*command: str) -> subprocess.CompletedProcess[str]:
        return done(PYWBEMCLI, "-s", f"http://{address}", "subscription", *command)

    where, what = ["pywbemcli"], ["pywbemcli", "-q", "SELECT * FROM CIM_InstIndication",
                                  "--source-namespaces", "root/virt"]
    with listening() as heard:
        for command in (["add-destination", *where, "-l", heard.url], ["add-filter", *what],
                        ["add-subscription", "pywbemcli", "pywbemcli"]):
            assert ask(*command).returncode == 0
        assert re.search(r"TOTAL INSTANCES *\| *3 ", ask("list").stdout)
        found = ask("remove-destination", "pywbemcli")
        assert found.returncode == 1 and "CIM_ERR_FAILED" in found.stderr
        for kind, names in (("subscription", 2), ("destination", 1), ("filter", 1)):
            assert ask(f"remove-{kind}", *["pywbemcli"] * names).returncode == 0
        assert re.search(r"TOTAL INSTANCES *\| *0 ", ask("list").stdout)


@pytest.fixture
def closed(pki: dict[str, Issued], tmp_path: Path) -> Iterator[str]:
    """The URL of a server with TLS that knows anna."""
    users = tmp_path / "users"
    users.write_text(f"anna:{hashed('right')}\n")
    with serving(tls_config(pki, users=str(users))) as made:
        yield f"https://127.0.0.1:{made.bind_addr[1]}"


@needs_java
@pytest.mark.skipif(not shutil.which("keytool"), reason="no keytool to tell java whom to believe")
@pytest.mark.parametrize(("authority", "password", "expected"), [
    ("ca", "right", "system front1 state 2"), ("ca", "wrong", "CIM error 2: HTTP 401 "),
    ("other", "right", "CIM error 1: SSL handshake exception (PKIX "),
], ids=["believed", "wrong password", "not believed"])
def test_java_over_tls(closed: str, pki: dict[str, Issued], tmp_path: Path, authority: str,
                       password: str, expected: str) -> None:
    store = tmp_path / "store"
    done("keytool", "-importcert", "-noprompt", "-alias", "ca", "-file", pki[authority].file,
         "-keystore", store, "-storepass", "secret")
    found = java("-Dsblim.wbem.sslClientPeerVerification=true",
                 f"-Djavax.net.ssl.trustStore={store}", "-Djavax.net.ssl.trustStorePassword=secret",
                 "--add-exports", "java.base/sun.security.ssl=ALL-UNNAMED",
                 closed, "anna", password)
    refused = expected.startswith("CIM error")
    assert found.returncode == refused and expected in (found.stderr if refused else found.stdout)


def shown(found: Any) -> list[str]:
    """Instances or paths in an order of their own, without the host, which pulling tells."""
    texts = []
    for each in found:
        path = each.path if isinstance(each, pywbem.CIMInstance) else each
        path.host = None
        texts.append(str(path) + (each.tocimxmlstr() if each is not path else ""))
    return sorted(texts)


@pytest.mark.parametrize("call", [
    "EnumerateInstances", "EnumerateInstancePaths", "AssociatorInstances",
    "AssociatorInstancePaths", "ReferenceInstances", "ReferenceInstancePaths",
])
def test_pywbem_with_and_without_pulling(address: str, call: str) -> None:
    found = []
    for pull in (False, True, None):
        with pywbem.WBEMConnection(f"http://{address}", default_namespace="root/virt", timeout=20,
                                   use_pull_operations=pull) as client:
            target: Any = "CIM_ManagedElement"
            if not call.startswith("Enumerate"):
                target = pywbem.CIMInstanceName.from_wbem_uri(f"/root/virt:{SYSTEM}")
            found.append(shown(getattr(client, f"Iter{call}")(target, MaxObjectCount=7)))
    assert len(found[0]) > 20 and found[0] == found[1] == found[2]


def test_pywbem_learns_what_the_server_is(address: str) -> None:
    server = pywbem.WBEMServer(pywbem.WBEMConnection(f"http://{address}", timeout=20))
    assert (server.brand, server.interop_ns) == ("libvirt-cim", "interop")
    assert {"root/virt", "interop", "root/cimv2"} == set(server.namespaces)
    central = {profile["InstanceID"]: server.get_central_instances(profile.path)
               for profile in server.profiles}
    assert {each["Name"] for each in central["CIM:DSP1057-VirtualSystem-1.0.0"]} == set(GUESTS)
    with pytest.raises(pywbem.CIMError) as caught:
        server.create_namespace("root/x")
    assert caught.value.status_code == pywbem.CIM_ERR_NOT_SUPPORTED
