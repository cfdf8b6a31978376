# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvirt's events as they are told: by its test driver, and where something is wrong."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest
from lab import guest
from listening import until

from libvirt_cim.cim import Error, Status
from libvirt_cim.hypervisor import event
from libvirt_cim.hypervisor.connection import Connection
from libvirt_cim.hypervisor.error import Libvirt
from libvirt_cim.hypervisor.event import Happening, Watcher
from libvirt_cim.schema import load
from libvirt_cim.service.lifecycle import Guests

LAB = f"test://{Path(__file__).parent / 'hosts' / 'lab.xml'}"


class Told(list[Any]):
    """What a watcher has told: lists of all guests, and what has happened."""

    @property
    def happened(self) -> list[Happening]:
        return [each for each in self if isinstance(each, Happening)]

    def shown(self) -> list[tuple[str, Any]]:
        return [(each.kind, each.state) for each in self.happened]


@pytest.fixture
def connection() -> Connection:
    return Connection(LAB)


@pytest.fixture
def told(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    monkeypatch.setattr(event, "AGAIN", 0.05)
    found = Told()
    watcher = Watcher(lambda: connection, found.append, "test")
    assert watcher.ready.wait(30)
    yield found
    watcher.stop()


def test_first_come_all_guests(told: Told) -> None:
    (every,) = told
    guests = {each.name: each for each in every}
    assert guests["front1"].state == "running" and guests["mail1"].state == "saved"
    assert "<name>front1</name>" in guests["front1"].xml
    assert {each.kind for each in every} == {"defined"}


def test_then_what_happens(told: Told, connection: Connection) -> None:
    domain = connection.handle.defineXML(guest("web"))
    domain.create()
    domain.suspend()
    domain.resume()
    domain.destroy()
    domain.undefine()
    wanted = [("defined", None), ("started", "running"), ("suspended", "paused"),
              ("resumed", "running"), ("stopped", "shutoff"), ("undefined", None)]
    assert until(lambda: told.shown() == wanted)
    assert {each.name for each in told.happened} == {"web"}
    assert told.happened[0].uuid == domain.UUIDString()


def test_what_runs_on_and_what_is_saved(told: Told, connection: Connection) -> None:
    domain = connection.handle.defineXML(guest("web"))
    domain.create()
    assert until(lambda: len(told.happened) == 2)
    domain.undefine()
    assert until(lambda: told.shown()[2:] == [("undefined", "running")])
    domain.destroy()
    assert until(lambda: told.shown()[3:] == [("stopped", "shutoff")])
    other = connection.handle.defineXML(guest("db"))
    other.create()
    other.managedSave()
    assert until(lambda: told.shown()[-1:] == [("stopped", "saved")])


def test_another_name(told: Told, connection: Connection) -> None:
    """One guest goes and one comes, as their paths have it."""
    guests = Guests(load(), "root/virt", "lab")
    assert list(guests.told(told[0])) == []
    domain = connection.handle.defineXML(guest("web"))
    assert until(lambda: len(told.happened) == 1)
    domain.rename("www")
    assert until(lambda: len(told.happened) > 1 and told.happened[-1].name == "www")
    found = [(each.class_name[19:26], each["SourceInstance"]["Name"])
             for happened in told.happened for each in guests.told(happened)]
    assert found == [("Created", "web"), ("Deleted", "web"), ("Created", "www")]


def test_what_does_not_open_is_tried_again(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(event, "AGAIN", 0.01)
    failures: list[Any] = [Error(Status.FAILED, "not yet")] * 3 + [ZeroDivisionError()]

    def opened() -> Connection:
        if failures:
            raise failures.pop(0)
        return connection

    told = Told()
    watcher = Watcher(opened, told.append, "test")
    assert watcher.ready.wait(30) and len(told) == 1
    watcher.stop()
    assert [each for each in caplog.messages if "not yet" in each] == ["test: no events: not yet"]
    assert "a mistake in libvirt_cim" in caplog.text
    assert until(lambda: not watcher._thread.is_alive())


def test_who_is_stopped_tells_nothing_more(told: Told, connection: Connection) -> None:
    more = Told()
    watcher = Watcher(lambda: connection, more.append, "more")
    assert watcher.ready.wait(30)
    watcher.stop()
    assert until(lambda: not watcher._thread.is_alive())
    connection.handle.defineXML(guest("web"))
    assert until(lambda: len(told.happened) == 1) and len(more) == 1


def test_a_lost_connection_is_opened_again(
    told: Told, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    """And all guests are told anew."""
    event._closed(event._EARS[connection.handle])
    assert until(lambda: len([each for each in told if isinstance(each, list)]) == 2)
    assert f"test: no events: the connection to {LAB} was lost" in caplog.messages
    connection.handle.defineXML(guest("web"))
    assert until(lambda: told.shown() == [("defined", None)])


# several watchers of one connection

class Virt:
    """A virConnect that does something else meanwhile."""

    def __init__(self, meanwhile: str, what: Callable[[], None]) -> None:
        self.meanwhile, self.what = meanwhile, what
        self.closed: Any = None
        self.registered = 0

    def _now(self, name: str) -> None:
        if name == self.meanwhile:
            self.meanwhile = ""
            thread = threading.Thread(target=self.what, name="meanwhile")
            thread.start()
            thread.join(0.3)  # it may have to wait for us

    def setKeepAlive(self, seconds: int, times: int) -> None:
        """Not every driver can."""
        raise Libvirt("no keepalive")

    def registerCloseCallback(self, function: Any, opaque: Any) -> None:
        """There is one at the most."""
        if self.closed is not None:
            raise Libvirt("there is one already")
        self.closed = function

    def unregisterCloseCallback(self) -> None:
        self.closed = None

    def domainEventRegisterAny(self, *given: Any) -> int:
        if self.meanwhile == "domainEventRegisterAny":
            self._now(self.meanwhile)
            raise Libvirt("not now")
        assert not self.registered
        self.registered = 1
        return 1

    def domainEventDeregisterAny(self, number: int) -> None:
        self._now("domainEventDeregisterAny")
        if number != self.registered:
            raise Libvirt("it is not registered")
        self.registered = 0


@pytest.mark.parametrize("meanwhile", ["domainEventRegisterAny", "domainEventDeregisterAny"])
def test_one_begins_while_the_last_ends_or_fails(meanwhile: str) -> None:
    """It is told of events, and of the connection's end."""
    first, second = Told(), Told()
    virt = Virt(meanwhile, lambda: event._listen(virt, second.append))
    with contextlib.suppress(Libvirt):
        event._listen(virt, first.append)
    event._let_go(virt, first.append)
    assert until(lambda: "meanwhile" not in [each.name for each in threading.enumerate()])
    assert virt.registered == 1
    virt.closed(virt, 0, None)
    assert first == [] and second == [event._LOST]
    event._let_go(virt, second.append)
    assert (virt.registered, virt.closed) == (0, None)
