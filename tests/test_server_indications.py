# SPDX-License-Identifier: LGPL-2.1-or-later
"""Subscriptions of clients over HTTP, and what their listeners hear of libvirt's test driver."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pywbem
from contract import failing
from lab import guest
from listening import Heard, Told, free_port, subscribed, until
from served import config, hashed, serving, wbem

from libvirt_cim.adapter.pywbem import connect
from libvirt_cim.hypervisor.error import libvirt

DEFAULT = "test:///default"  # shared by all connections of a process, as long as there is one


@pytest.fixture
def host() -> Iterator[Any]:
    """libvirt's handle on what the servers serve."""
    found = libvirt.open(DEFAULT)
    yield found
    for each in found.listAllDomains(0):
        if each.name() != "test":
            if each.isActive():
                each.destroy()
            if each.isPersistent():
                each.undefine()


def told(heard: Heard, name: str) -> list[str]:
    """The classes of what a filter has let through."""
    found = Heard(each for each in heard if each["IndicationFilterName"] == f"filter {name}")
    return found.waited(0)


def lives(host: Any, name: str = "web") -> None:
    """A guest's life."""
    domain = host.defineXML(guest(name))
    domain.create()
    domain.destroy()
    domain.undefine()


LIFE = ["Created", "Modified", "Modified", "Deleted"]


def watchers() -> list[str]:
    return [each.name for each in threading.enumerate()
            if each.name.startswith(("events ", "listener "))]


def test_a_life_is_told(host: Any, heard: Heard) -> None:
    with serving(config(DEFAULT)) as server, wbem(server) as client:
        subscribed(client, heard.url)
        lives(host)
        assert heard.waited(4) == LIFE
    assert [each["SequenceNumber"] for each in heard] == [0, 1, 2, 3]
    assert [each["SourceInstance"]["EnabledState"] for each in heard] == [3, 2, 3, 3]
    assert heard[1]["PreviousInstance"]["EnabledState"] == 3
    assert {each["IndicationFilterName"] for each in heard} == {"filter one"}
    assert until(lambda: not watchers())


def test_nobody_is_watched_for_nobody(host: Any, heard: Heard) -> None:
    with serving(config(DEFAULT)) as server, wbem(server) as client:
        assert not watchers()
        *_, subscription = subscribed(client, heard.url)
        assert watchers() == ["events root/virt"]
        found = client.GetInstance(subscription)
        found["SubscriptionState"] = pywbem.Uint16(4)
        client.ModifyInstance(found, PropertyList=["SubscriptionState"])
        assert until(lambda: not watchers())
        lives(host)
        found["SubscriptionState"] = pywbem.Uint16(2)
        client.ModifyInstance(found, PropertyList=["SubscriptionState"])
        lives(host, "db")
        assert heard.waited(4) == LIFE
        assert {each["SourceInstance"]["Name"] for each in heard} == {"db"}
        client.DeleteInstance(subscription)
        assert until(lambda: not watchers())


@pytest.mark.parametrize(("query", "language", "wanted"), [
    ("SELECT * FROM CIM_InstCreation", "WQL", ["Created"]),
    ("SELECT * FROM Virt_ComputerSystemDeletedIndication", "WQL", ["Deleted"]),
    ("SELECT * FROM CIM_Indication", "DMTF:CQL", LIFE),
    ("SELECT * FROM CIM_InstIndication WHERE SourceInstance ISA CIM_LogicalDisk", "WQL", []),
    ("SELECT * FROM CIM_InstIndication WHERE SourceInstance ISA CIM_System", "DMTF:CQL", LIFE),
    ("SELECT * FROM CIM_InstModification WHERE SourceInstance.EnabledState = 2 AND "
     "PreviousInstance.EnabledState <> SourceInstance.EnabledState", "WQL", ["Modified"]),
    ("SELECT * FROM CIM_InstIndication WHERE SourceInstance.Name LIKE 'w%'", "WQL", LIFE),
    ("SELECT * FROM CIM_InstIndication WHERE SourceInstance.Name = 'db'", "WQL", []),
])
def test_the_filter_decides(
    host: Any, heard: Heard, query: str, language: str, wanted: list[str]
) -> None:
    with serving(config(DEFAULT)) as server, wbem(server) as client:
        subscribed(client, heard.url, query, language=language)
        subscribed(client, heard.url, name="all")
        lives(host)
        assert heard.waited(4 + len(wanted)) and told(heard, "all") == LIFE
        assert told(heard, "one") == wanted


def test_what_is_selected_is_all_that_is_told(host: Any, heard: Heard) -> None:
    query = "SELECT IndicationTime, SourceInstanceHost FROM CIM_InstCreation"
    with serving(config(DEFAULT)) as server, wbem(server) as client:
        subscribed(client, heard.url, query)
        lives(host)
        assert heard.waited(1) == ["Created"]
    assert set(heard[0].keys()) == {"IndicationTime", "SourceInstanceHost", "SequenceContext",
                                    "SequenceNumber", "IndicationFilterName"}


def test_after_a_restart_it_goes_on(host: Any, heard: Heard, tmp_path: Path) -> None:
    more = {"state": str(tmp_path / "state")}
    with serving(config(DEFAULT, **more)) as server, wbem(server) as client:
        subscribed(client, heard.url)
    assert until(lambda: not watchers())
    lives(host)  # nobody is there to tell it
    with serving(config(DEFAULT, **more)) as server, wbem(server) as client:
        server.wsgi_app.indications.refresh()
        assert len(client.EnumerateInstances("CIM_IndicationSubscription", "interop")) == 1
        lives(host, "db")
        assert heard.waited(4) == LIFE
    assert {each["SourceInstance"]["Name"] for each in heard} == {"db"}


def test_roles(host: Any, tmp_path: Path) -> None:
    users = tmp_path / "users"
    users.write_text(f"anna:{hashed('x')}\nbert:{hashed('y')}\ncarl:{hashed('z')}\n", "utf-8")
    settings = config(DEFAULT, users=str(users), roles={"anna": "write", "bert": "operate"})
    with serving(settings) as server, wbem(server, creds=("anna", "x")) as anna:
        paths = subscribed(anna, "http://127.0.0.1:9")
        for creds in (("bert", "y"), ("carl", "z")):
            with wbem(server, creds=creds) as other:
                assert other.EnumerateInstances("CIM_IndicationFilter", "interop")
                with failing(pywbem.CIM_ERR_ACCESS_DENIED):
                    subscribed(other, "http://127.0.0.1:9", name="two")
                with failing(pywbem.CIM_ERR_ACCESS_DENIED):
                    other.DeleteInstance(paths[2])
                with failing(pywbem.CIM_ERR_ACCESS_DENIED):
                    other.ModifyInstance(anna.GetInstance(paths[2]))
        assert watchers() == ["events root/virt"]
        anna.DeleteInstance(paths[2])


def test_two_users_are_told(host: Any, heard: Heard, tmp_path: Path) -> None:
    """libvirt's test driver knows no users: both watch on one connection."""
    users = tmp_path / "users"
    users.write_text(f"anna:{hashed('x')}\nbert:{hashed('x')}\n", "utf-8")
    settings = config(DEFAULT, users=str(users), roles=dict.fromkeys(("anna", "bert"), "write"))
    with serving(settings) as server, wbem(server, creds=("anna", "x")) as anna, \
            wbem(server, creds=("bert", "x")) as bert:
        anna_s = subscribed(anna, heard.url, name="anna")
        subscribed(bert, heard.url, name="bert")
        assert len(watchers()) == 2
        lives(host)
        assert heard.waited(8) and (told(heard, "anna"), told(heard, "bert")) == (LIFE, LIFE)
        anna.DeleteInstance(anna_s[2])
        assert until(lambda: len([each for each in watchers() if "events" in each]) == 1)
        heard.clear()
        lives(host, "db")
        assert heard.waited(4) == LIFE and told(heard, "bert") == LIFE


def test_a_listener_that_is_gone_or_slow_keeps_nobody_waiting(
    host: Any, heard: Heard, caplog: pytest.LogCaptureFixture
) -> None:
    with Told(wait=60) as slow, serving(config(DEFAULT)) as server, \
            wbem(server) as client:
        subscribed(client, f"http://127.0.0.1:{free_port()}", name="gone")
        subscribed(client, slow.url, name="slow")
        subscribed(client, heard.url)
        began = time.monotonic()
        lives(host)
        assert heard.waited(4) == LIFE
        for _ in range(5):
            assert client.EnumerateInstanceNames("CIM_ComputerSystem")
        assert time.monotonic() - began < 30
        assert until(lambda: len(slow.heard) == 1)
        found = [each for each in caplog.messages if "listener gone is not reached" in each]
        assert len(found) == 1 and "refused" in found[0]


def test_several_hosts(host: Any, heard: Heard) -> None:
    """What happens on each is told to who asks for it; who names none hears of all."""
    settings = config(DEFAULT, f"test://{Path(__file__).parent / 'hosts' / 'lab.xml'}")
    with serving(settings) as server, wbem(server) as client:
        subscribed(client, heard.url, name="first")
        subscribed(client, heard.url, namespaces="root/virt/2", name="second")
        subscribed(client, heard.url, namespaces=None, name="both")
        with failing(pywbem.CIM_ERR_INVALID_PARAMETER):
            subscribed(client, heard.url, namespaces="root/virt/3", name="none")
        lives(host)
        other = server.wsgi_app.broker.host("root/virt/2").watching().handle
        lives(other, "db")
        assert heard.waited(16) and sorted(told(heard, "both")) == sorted(LIFE * 2)
        assert (told(heard, "first"), told(heard, "second")) == (LIFE, LIFE)
    assert {(each["SourceInstanceModelPath"].partition(":")[0], each["SourceInstance"]["Name"])
            for each in heard} == {("root/virt", "web"), ("root/virt/2", "db")}


def test_wrong_subscriptions_are_one_clear_line(host: Any) -> None:
    with serving(config(DEFAULT)) as server, wbem(server) as client:
        with pytest.raises(pywbem.CIMError) as raised:
            subscribed(client, "http://127.0.0.1:9", "SELECT * FROM CIM_ComputerSystem")
        assert raised.value.status_description == (
            "Virt_IndicationFilter.Query: CIM_ComputerSystem is no indication")
        with failing(pywbem.CIM_ERR_INVALID_PARAMETER):
            subscribed(client, "ftp://127.0.0.1", name="two")


def test_pywbem_manages_subscriptions(host: Any, heard: Heard) -> None:
    with serving(config(DEFAULT)) as server, wbem(server) as client:
        manager = pywbem.WBEMSubscriptionManager("test")
        id_ = manager.add_server(pywbem.WBEMServer(client))
        destination = manager.add_destination(id_, heard.url, destination_id="d")
        filter_ = manager.add_filter(
            id_, "root/virt", "SELECT * FROM CIM_InstIndication", "DMTF:CQL", filter_id="f")
        manager.add_subscriptions(id_, filter_.path, destination.path)
        lives(host)
        assert heard.waited(4) == LIFE
        assert len(manager.get_all_subscriptions(id_)) == 1
        with pywbem.WBEMSubscriptionManager("test") as again:  # which knows what is its own
            other = again.add_server(pywbem.WBEMServer(client))
            assert again.get_owned_filters(other) == [filter_]
            assert len(again.get_owned_subscriptions(other)) == 1
        for name in ("IndicationFilter", "ListenerDestination", "IndicationSubscription"):
            assert not client.EnumerateInstances(f"CIM_{name}", "interop")


def test_without_a_wire(host: Any, heard: Heard) -> None:
    with connect(DEFAULT) as client:
        subscribed(client, heard.url)
        lives(host)
        assert heard.waited(4) == LIFE
    assert until(lambda: not watchers())
