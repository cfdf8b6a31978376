# SPDX-License-Identifier: LGPL-2.1-or-later
"""Several hosts as one provider, and connections to libvirt for each who asks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pywbem
from lab import LAB
from served import config, serving, wbem
from small_host import small_host

from libvirt_cim import cim, connect, principal
from libvirt_cim.broker import Broker, Host
from libvirt_cim.hypervisor import pool
from libvirt_cim.hypervisor.error import libvirt
from libvirt_cim.hypervisor.pool import Pool, identity
from libvirt_cim.provider import Provider

FIRST, SECOND, SHARED = "root/virt", "root/virt/2", "interop"


def reached(uri: str, namespace: str) -> Provider:
    """A provider with a namespace of its own."""
    return connect(uri, namespace=namespace)


@pytest.fixture(scope="module")
def hosts() -> Iterator[Broker]:
    with Broker([reached(LAB, FIRST), reached("test:///default", SECOND)]) as found:
        yield found


def guests(answer: Any) -> set[str]:
    """The names and namespaces of what came."""
    return {f"{each.namespace}:{each.keys['Name']}" for each in answer}


def test_each_host_has_its_namespace(hosts: Broker) -> None:
    first = guests(hosts.enumerate_instance_names("Virt_ComputerSystem"))
    second = guests(hosts.enumerate_instance_names("Virt_ComputerSystem", namespace=SECOND))
    assert "root/virt:front1" in first and second == {"root/virt/2:test"}
    assert hosts.namespaces == [FIRST, SECOND, SHARED, "root/cimv2"] and hosts.namespace == FIRST


def test_paths_say_which_host(hosts: Broker) -> None:
    for namespace in (FIRST, SECOND):
        for path in hosts.enumerate_instance_names("CIM_System", namespace=namespace):
            assert hosts.get_instance(path).path == path
            assert hosts.get_instance(str(path)).path == path
            assert hosts.get_instance(instance_name=path).path == path
            found = {each.namespace for each in hosts.associator_names(path)}
            assert namespace in found and found <= {namespace, SHARED}


@pytest.mark.parametrize("call", [
    lambda hosts: hosts.enumerate_instances("CIM_System", namespace="root/no"),
    lambda hosts: hosts.get_instance("root/no:CIM_System.Name=\"x\""),
    lambda hosts: hosts.get_class("CIM_System", namespace="root/no"),
    lambda hosts: hosts.classes("root/no"),
])
def test_an_unknown_namespace(hosts: Broker, call: Any) -> None:
    with pytest.raises(cim.Error) as caught:
        call(hosts)
    assert caught.value.status == cim.Status.INVALID_NAMESPACE


def test_it_has_what_a_provider_has(hosts: Broker) -> None:
    for name in ("nothing", "_query", "open_nothing"):
        with pytest.raises(AttributeError):
            getattr(hosts, name)


@pytest.fixture
def interop() -> Iterator[Broker]:
    """Two hosts, the first of which says what serves both, and one that cannot be reached."""
    providers = [connect(LAB, namespace=FIRST),
                 connect("test:///default", namespace=SECOND, server=False)]

    def down() -> Provider:
        raise cim.Error(cim.Status.FAILED, "nobody there")

    with Broker([*providers, Host("root/virt/3", down)]) as found:
        yield found


@pytest.mark.parametrize("shared", ["interop", "root/interop", "/root/PG_InterOp"])
def test_what_hosts_share_is_put_together(interop: Broker, shared: str) -> None:
    profiles = list(interop.enumerate_instance_names("CIM_RegisteredProfile", namespace=shared))
    assert len(profiles) == len(set(profiles)) > 10
    assert len(list(interop.enumerate_instances("CIM_ObjectManager", namespace=shared))) == 1
    classes = list(interop.enumerate_classes(namespace=shared, deep_inheritance=True))
    assert len({each.name for each in classes}) == len(classes) > 40
    assert interop.get_class("CIM_System", namespace=shared).name == "CIM_System"
    assert interop.classes(shared)("CIM_System").name == "CIM_System"
    with pytest.raises(cim.Error):
        list(interop.enumerate_instances("CIM_Nothing", namespace=shared))


def test_what_keeps_to_a_profile_is_found_on_every_host(interop: Broker) -> None:
    (profile,) = (each.path for each in interop.enumerate_instances("CIM_RegisteredProfile")
                  if each["RegisteredName"] == "Virtual System Profile")
    found = list(interop.associator_names(profile, assoc_class="CIM_ElementConformsToProfile"))
    assert {"root/virt:front1", "root/virt/2:test"} <= guests(
        each for each in found if "Name" in each.keys)
    for each in found:
        assert interop.get_instance(each).path == each


def test_a_path_is_answered_by_who_knows_it(interop: Broker) -> None:
    for instance in interop.enumerate_instances("CIM_ObjectManager", namespace=SHARED):
        assert interop.get_instance(instance.path) == instance
    with pytest.raises(cim.Error):
        interop.get_instance(cim.Path("Virt_RegisteredProfile", {"InstanceID": "x"}, SHARED))


def test_a_host_that_is_not_there_is_asked_again() -> None:
    tries: list[int] = []

    def opener() -> Provider:
        tries.append(1)
        if len(tries) == 1:
            raise cim.Error(cim.Status.FAILED, "nobody there")
        return reached("test:///default", FIRST)

    with Broker([Host(FIRST, opener)]) as found:
        with pytest.raises(cim.Error):
            found.enumerate_class_names()
        assert found.enumerate_class_names() and found.enumerate_class_names()
    assert len(tries) == 2


def test_a_host_that_does_not_answer_holds_up_nobody() -> None:
    answers, asked = threading.Event(), threading.Event()

    def opener() -> Provider:
        asked.set()
        answers.wait(10)
        raise cim.Error(cim.Status.FAILED, "nobody there")

    host = Host(SECOND, opener)
    with Broker([reached("test:///default", FIRST), host]) as found:
        waiting = threading.Thread(target=lambda: found.namespaces)
        waiting.start()
        assert asked.wait(10)
        assert found.enumerate_class_names()  # of the first
        with pytest.raises(cim.Error) as caught:
            host.provider(0.1)
        assert caught.value.text == "root/virt/2: still connecting"
        assert found.namespaces[:2] == [FIRST, SECOND]
        answers.set()
        waiting.join()
        asked.clear()
        with pytest.raises(cim.Error):
            found.get_class("CIM_System", namespace="root/no")
        assert not asked.is_set()  # it has just failed
        with pytest.raises(cim.Error):
            found.get_class("CIM_System", namespace=SECOND)
        assert asked.is_set()


def test_what_is_asked_while_the_only_host_connects_waits_for_it() -> None:
    """A server that begins with two requests for Interop answers both."""
    asked, go = threading.Event(), threading.Event()

    def opener() -> Provider:
        asked.set()
        assert go.wait(10)
        return connect("test:///default")

    hosts = Broker([Host("root/virt", opener)])
    found: list[list[Provider]] = []
    threads = [threading.Thread(target=lambda: found.append(hosts.providers("interop")))
               for _ in range(2)]
    threads[0].start()
    assert asked.wait(10)
    threads[1].start()
    threads[1].join(0.1)
    go.set()
    for each in threads:
        each.join(10)
    assert len(found) == 2 and found[0] == found[1] != []
    hosts.close()


def test_a_namespace_of_the_only_host_that_is_not_there() -> None:
    """It is not said that there is none; and it is tried again at once."""
    tries: list[int] = []

    def opener() -> Provider:
        tries.append(1)
        if len(tries) < 3:
            raise cim.Error(cim.Status.FAILED, "nobody there")
        return connect("test:///default")

    with Broker([Host("root/virt", opener)]) as hosts:
        for name in ("root/virt", "interop"):
            with pytest.raises(cim.Error, match="^nobody there$"):
                hosts.providers(name)
        assert len(hosts.providers("interop")) == 1


def test_several_hosts_in_one_server() -> None:
    with serving(config(LAB, "test:///default", "test:///no/such.xml")) as made:
        client = wbem(made)
        assert len(client.EnumerateInstanceNames("Virt_ComputerSystem")) > 5
        found = client.EnumerateInstanceNames("Virt_ComputerSystem", namespace=SECOND)
        assert [each["Name"] for each in found] == ["test"]
        assert client.GetInstance(found[0]).path.namespace == SECOND
        with pytest.raises(pywbem.CIMError) as caught:
            client.EnumerateInstanceNames("CIM_System", namespace="root/virt/3")
        assert caught.value.status_code == pywbem.CIM_ERR_FAILED


# connections

def test_the_test_driver_takes_no_identity() -> None:
    found = Pool("test:///default")
    shared = found.connection()
    with principal.acting("anna"):
        assert found.connection() is shared is found.shared
    found.close()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What libvirt is told of principals; it takes everybody but mallory."""
    said: list[Any] = []

    def identify(self: Any, parameters: Any, flags: int = 0) -> int:
        said.append(parameters)
        if parameters["user-name"] == "mallory":
            self.lookupByName("nobody at all")
        return 0

    monkeypatch.setattr(libvirt.virConnect, "setIdentity", identify)
    return said


def test_each_who_asks_has_his_connection(tmp_path: Path, told: list[Any]) -> None:
    found = Pool(small_host(tmp_path).uri, most=2)
    with principal.acting("anna"):
        annas = found.connection()
        assert found.connection() is annas is not found.shared
    with principal.acting("root"):
        roots = found.connection()
        assert roots is not annas
    assert [each["user-name"] for each in told] == ["anna", "root"]
    assert told[1]["unix-user-id"] == 0 and "unix-user-id" not in told[0]
    with principal.acting("bert"):
        assert found.connection()
    with principal.acting("anna"):
        assert found.connection() is not annas  # two at most
    assert len(told) == 4 and found.connection() is found.shared
    found.close()


def test_who_libvirt_refuses_gets_nothing(tmp_path: Path, told: list[Any]) -> None:
    found = Pool(small_host(tmp_path).uri)
    with principal.acting("mallory"), pytest.raises(cim.Error):
        found.connection()
    with principal.acting("anna"):
        assert found.connection() is not found.shared


def test_a_provider_asks_as_who_asks(tmp_path: Path, told: list[Any]) -> None:
    with connect(small_host(tmp_path).uri) as provider:
        list(provider.enumerate_instance_names("CIM_System"))
        with principal.acting("anna"):
            list(provider.enumerate_instance_names("CIM_System"))
    assert [each["user-name"] for each in told] == ["anna"]


def test_an_identity_of_this_process() -> None:
    assert identity("no such user") == {"user-name": "no such user"}
    assert identity("root")["process-time"] > 0
    assert pool.MOST > 1
