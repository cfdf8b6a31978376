# SPDX-License-Identifier: LGPL-2.1-or-later
"""What happens on a real host is told; libvirtd may go and come again."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import libvirtd
import pytest
import pywbem
from command_line import start
from libvirtd import Daemon
from listening import Heard, free_port, subscribed, until
from real_host import PLAIN
from served import config, hashed, serving, wbem
from test_server_indications import watchers

from libvirt_cim.hypervisor import event
from libvirt_cim.hypervisor.error import libvirt

pytestmark = pytest.mark.libvirtd
GUEST = PLAIN.format(name="{}", vcpus=1, devices="")


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    with libvirtd.found() as found:
        yield found


@pytest.fixture
def client(daemon: Daemon, tmp_path: Path) -> Iterator[Any]:
    """Who may subscribe."""
    users = tmp_path / "users"
    users.write_text(f"root:{hashed('x')}\n", "utf-8")
    settings = config(daemon.uri, users=str(users), roles={"root": "write"})
    with serving(settings) as server, wbem(server, creds=("root", "x")) as found:
        yield found
    assert until(lambda: not watchers())


def states(heard: Heard) -> list[Any]:
    return [each["SourceInstance"]["EnabledState"] for each in heard]


def test_a_life_is_told(daemon: Daemon, heard: Heard, client: Any) -> None:
    subscribed(client, heard.url)
    guest = daemon.opened().defineXML(GUEST.format("web"))
    assert heard.waited(1) == ["Created"]
    guest.create()
    guest.suspend()
    guest.resume()
    assert until(lambda: states(heard)[-1:] == [2] and len(heard) > 2)
    guest.destroy()
    guest.undefine()
    assert until(lambda: heard[-1:] and heard.waited(0)[-1] == "Deleted")
    assert states(heard)[-2:] == [3, 3] and states(heard)[0] == 3 and {2, 9} <= set(states(heard))
    assert heard.waited(0) == ["Created", *["Modified"] * (len(heard) - 2), "Deleted"]
    assert heard[0].classname == "KVM_ComputerSystemCreatedIndication"
    assert {each["SourceInstance"].classname for each in heard} == {"KVM_ComputerSystem"}
    assert {each["SourceInstanceHost"] for each in heard} == {daemon.opened().getHostname()}


def test_a_transient_guest(daemon: Daemon, heard: Heard, client: Any) -> None:
    subscribed(client, heard.url)
    daemon.opened().createXML(GUEST.format("transient")).destroy()
    assert until(lambda: heard.waited(0)[-1:] == ["Deleted"])
    assert heard.waited(0)[0] == "Created" and states(heard)[0] == 2


def test_the_server_goes_and_comes_again(
    daemon: Daemon, heard: Heard, tmp_path: Path
) -> None:
    """A permanent subscription is there again, and a server that watches ends as quickly as any."""
    file, users = tmp_path / "state", tmp_path / "users"
    users.write_text(f"root:{hashed('x')}\n", "utf-8")
    (tmp_path / "conf").write_text(
        f"[server]\nusers = {users}\nstate = {file}\nlisten = 127.0.0.1:{free_port()}\n"
        f"[connection]\nuri = {daemon.uri}\n[roles]\nroot = write\n", "utf-8")
    for again in (False, True):
        with start("serve", "--config", tmp_path / "conf", stderr=None) as process:
            client = pywbem.WBEMConnection(_url(tmp_path / "conf"), ("root", "x"))
            assert until(partial(_answers, client), 20)
            if not again:
                subscribed(client, heard.url)
            assert len(client.EnumerateInstances("CIM_IndicationSubscription", "interop")) == 1
            assert until(partial(_seen, daemon, heard)) and heard.waited(1)[0] == "Created"
            process.terminate()
            assert process.wait(5) == 0
        heard.clear()


def _url(file: Path) -> str:
    return f"http://{file.read_text('utf-8').partition('listen = ')[2].split()[0]}"


def _answers(client: Any) -> bool:
    try:
        return bool(client.EnumerateInstanceNames("CIM_IndicationService", "interop"))
    except pywbem.ConnectionError:
        return False


def _seen(daemon: Daemon, heard: Heard) -> bool:
    """Define a guest, and undefine it; whether that was heard."""
    daemon.opened().defineXML(GUEST.format("again")).undefine()
    return len(heard) > 0


def test_libvirtd_goes_and_comes_again(
    daemon: Daemon, heard: Heard, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has changed meanwhile is told once there is a connection again."""
    monkeypatch.setattr(event, "AGAIN", 0.1)
    kept = daemon.opened().defineXML(GUEST.format("kept"))
    subscribed(client, heard.url)
    kept.create()
    assert until(lambda: states(heard)[-1:] == [2])
    heard.clear()
    daemon.kill()
    daemon.start()
    host = daemon.opened()
    gone = host.lookupByName("kept")
    with contextlib.suppress(libvirt.libvirtError):  # it has ended already
        gone.destroy()
    gone.undefine()
    host.defineXML(GUEST.format("new"))
    assert until(lambda: {("Created", "new"), ("Deleted", "kept")} <= set(
        zip(heard.waited(0), [each["SourceInstance"]["Name"] for each in heard])))
    heard.clear()
    host.lookupByName("new").undefine()
    assert heard.waited(1) == ["Deleted"]
    assert client.EnumerateInstanceNames("KVM_HostSystem")
