# SPDX-License-Identifier: LGPL-2.1-or-later
"""The connection to libvirt: opened late, again if it is lost, and its errors are CIM's."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from small_host import GUESTS, breaking, failing, get

from libvirt_cim.cim import Error, Status
from libvirt_cim.hypervisor import error
from libvirt_cim.hypervisor.connection import Connection
from libvirt_cim.hypervisor.error import libvirt
from libvirt_cim.request import Request


@pytest.mark.parametrize("name, status", [
    ("NO_DOMAIN", Status.NOT_FOUND), ("NO_STORAGE_VOL", Status.NOT_FOUND),
    ("NO_NETWORK", Status.NOT_FOUND), ("NO_DOMAIN_SNAPSHOT", Status.NOT_FOUND),
    ("ACCESS_DENIED", Status.ACCESS_DENIED), ("AUTH_FAILED", Status.ACCESS_DENIED),
    ("OPERATION_DENIED", Status.ACCESS_DENIED), ("AUTH_UNAVAILABLE", Status.ACCESS_DENIED),
    ("NO_SUPPORT", Status.NOT_SUPPORTED), ("OPERATION_UNSUPPORTED", Status.NOT_SUPPORTED),
    ("XML_ERROR", Status.INVALID_PARAMETER), ("XML_DETAIL", Status.INVALID_PARAMETER),
    ("CONF_SYNTAX", Status.INVALID_PARAMETER), ("INVALID_ARG", Status.INVALID_PARAMETER),
    ("XML_INVALID_SCHEMA", Status.INVALID_PARAMETER),
    ("CONFIG_UNSUPPORTED", Status.INVALID_PARAMETER),
    ("DOM_EXIST", Status.ALREADY_EXISTS), ("STORAGE_VOL_EXIST", Status.ALREADY_EXISTS),
    ("OPERATION_INVALID", Status.FAILED), ("INTERNAL_ERROR", Status.FAILED),
])
def test_error_table(name: str, status: Status) -> None:
    found = error.translated(failing(getattr(libvirt, f"VIR_ERR_{name}")), "disk: ")
    assert (found.status, found.text) == (status, "disk: no luck")


def test_an_error_that_libvirt_does_not_tell_is_asked_for_again(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Handles that Python lets go of make libvirt forget what failed just then."""
    assert connection.handle
    for owner, name, guest in (
        (libvirt.virDomain, "XMLDesc", "off"), (libvirt.virConnect, "lookupByName", "no guest"),
    ):
        untold, original = [failing(0)], getattr(owner, name)
        untold[0].err = None

        def once(*arguments: Any, untold: Any = untold, original: Any = original) -> Any:
            if untold:
                raise untold.pop()
            return original(*arguments)

        monkeypatch.setattr(owner, name, once)
        found = get(Request(connection), "DomainXML", name=guest)
        assert len(found) == (guest == "off") and not untold


def test_an_error_that_is_never_told_is_one(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    untold = failing(0)
    untold.err = None
    monkeypatch.setattr(libvirt.virDomain, "XMLDesc", breaking(untold))
    with pytest.raises(Error, match="made") as caught:
        get(Request(connection), "DomainXML", name="off")
    assert caught.value.status == Status.FAILED


def test_every_name_in_the_table_is_libvirts() -> None:
    names = [name for names in error._CODES.values() for name in names.split()]
    known = [name for name in names if hasattr(libvirt, f"VIR_ERR_{name}")]
    assert len(names) == len(set(names)) and len(known) == len(error.STATUS)
    assert set(names) - set(known) <= {"NO_NETWORK_METADATA"}  # libvirt 9.7


def test_an_error_without_a_code() -> None:
    assert error.translated(libvirt.libvirtError("made")).status == Status.FAILED


def test_a_call_this_libvirt_lacks(connection: Connection) -> None:
    with pytest.raises(Error, match=r"no virConnect\.fly") as caught:
        error.method(connection.handle, "fly")
    assert caught.value.status == Status.NOT_SUPPORTED
    assert error.method(connection.handle, "getHostname")() == connection.hostname


@pytest.mark.parametrize("uri", ["nonsense:///", "test:///no/such/file.xml", "a\0b", "\ud800"])
def test_no_connection(uri: str) -> None:
    connection = Connection(uri)
    for _ in range(2):
        with pytest.raises(Error, match="cannot connect to ") as caught:
            get(Request(connection), "DomainXML")
        assert caught.value.status == Status.FAILED and "\n" not in caught.value.text
        assert uri in caught.value.text or repr(uri) in caught.value.text


@pytest.mark.parametrize("driver, prefix", [
    ("QEMU", "KVM"), ("Xen", "Xen"), ("LXC", "LXC"), ("TEST", "Virt"), ("BHYVE", "Virt"),
])
def test_prefix(monkeypatch: pytest.MonkeyPatch, driver: str, prefix: str) -> None:
    monkeypatch.setattr(libvirt.virConnect, "getType", lambda self: driver)
    connection = Connection("test:///default")
    assert (connection.type, connection.prefix) == (driver, prefix)


def test_opened_when_used_and_kept(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    original = libvirt.open

    def opening(uri: str) -> Any:
        opened.append(uri)
        return original(uri)

    monkeypatch.setattr(libvirt, "open", opening)
    assert not opened
    assert connection.handle is connection.handle and opened == [connection.uri]
    connection.close()
    assert len(get(Request(connection), "DomainXML")) == len(GUESTS) and len(opened) == 2


def test_read_only(connection: Connection) -> None:
    reader = Connection(connection.uri, read_only=True)
    with pytest.raises(Error) as caught, reader.use() as virt:
        virt.lookupByName("off").create()
    assert caught.value.status == Status.ACCESS_DENIED


def test_closed_underneath_it_is_opened_again() -> None:
    connection = Connection("test:///default")
    assert len(get(Request(connection), "DomainXML")) == 1
    connection.handle.close()
    assert len(get(Request(connection), "DomainXML")) == 1


def test_a_lost_connection_fails_one_request(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = Request(connection)
    found = request.documents("DomainXML", {}, ())
    next(found)
    first = connection.handle
    lost = failing(libvirt.VIR_ERR_SYSTEM_ERROR, libvirt.VIR_FROM_RPC, "Cannot recv data: reset")
    with monkeypatch.context() as patch:
        patch.setattr(libvirt.virDomain, "XMLDesc", breaking(lost))
        patch.setattr(first, "isAlive", lambda: 0, raising=False)
        with pytest.raises(Error) as caught:
            next(found)
    assert caught.value.status == Status.FAILED
    assert caught.value.text == (
        f"the connection to {connection.uri} was lost: Cannot recv data: reset")
    assert len(get(Request(connection), "DomainXML")) == len(GUESTS)
    assert connection.handle is not first


LOST = failing(libvirt.VIR_ERR_SYSTEM_ERROR, libvirt.VIR_FROM_RPC, "Cannot write data: broken")


@pytest.fixture
def away(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The handle that is open, which from its next call on is found to be dead."""
    handle = connection.handle
    monkeypatch.setattr(handle, "isAlive", lambda: 1, raising=False)

    def lost(*arguments: Any) -> Any:
        monkeypatch.setattr(handle, "isAlive", lambda: 0)
        raise LOST

    for name in ("listAllDomains", "lookupByName", "listAllNetworks", "getInfo", "getHostname"):
        monkeypatch.setattr(handle, name, lost, raising=False)
    return handle


@pytest.mark.parametrize(("kind", "known"), [
    ("DomainXML", {}), ("DomainXML", {"/domain/name": "off"}), ("NetworkXML", {}), ("NodeInfo", {}),
])
def test_what_only_asks_is_asked_again(
    connection: Connection, away: Any, kind: str, known: dict[str, str]
) -> None:
    found = [each.root for each in Request(connection).documents(kind, known, ())]
    assert found and connection.handle is not away


def test_it_is_asked_again_once(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def question(virt: Any) -> Any:
        asked.append(virt)
        monkeypatch.setattr(virt, "isAlive", lambda: 0, raising=False)
        raise LOST

    with pytest.raises(Error, match="^the connection to .* was lost: Cannot write") as caught:
        connection.ask(question)
    assert caught.value.status == Status.FAILED and len(asked) == 2 and asked[0] is not asked[1]


def test_what_may_change_something_is_not_done_again(connection: Connection, away: Any) -> None:
    with pytest.raises(Error, match="was lost"), connection.use() as virt:
        virt.lookupByName("off")
    with pytest.raises(Error, match="^no luck$"):
        connection.ask(breaking(failing(libvirt.VIR_ERR_INTERNAL_ERROR)))
    assert connection.handle is not away


def test_a_daemons_own_connection_is_not_ours(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = connection.handle
    far = failing(libvirt.VIR_ERR_SYSTEM_ERROR, libvirt.VIR_FROM_RPC, "cannot reach hostb")
    with pytest.raises(Error, match="^cannot reach hostb$"):
        connection.call(breaking(far))
    assert connection.handle is first


def test_silence_and_late_import() -> None:
    code = """
import sys, libvirt_cim.request
assert "libvirt" not in sys.modules
from libvirt_cim.hypervisor.connection import Connection
from libvirt_cim.request import Request
request = Request(Connection("test:///default"))
assert not list(request.documents("DomainXML", {"/domain/name": "nobody"}, ()))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
