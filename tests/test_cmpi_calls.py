# SPDX-License-Identifier: LGPL-2.1-or-later
"""CMPI: methods, embedded instances, who asks, mistakes and indications, in a server of Python."""

from __future__ import annotations

import logging
import shutil
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path as File
from typing import Any

import pytest
from calls import Calls, counted
from fake_broker import FakeBroker
from fake_cimom import Server
from fake_objects import ARRAY, INSTANCE, NULL, Thing
from lab import FRONT1, ODD, POOLS, guest, rasd, vssd
from listening import until

from libvirt_cim import cimom, principal, service
from libvirt_cim.adapter.cmpi import Adapter
from libvirt_cim.adapter.cmpi_log import Output
from libvirt_cim.adapter.cmpi_server import KNOWN, Traits
from libvirt_cim.cim import Error, Instance, Status, parse_path
from libvirt_cim.config import Config, Connection
from libvirt_cim.provider import Provider
from libvirt_cim.service.call import Call, Result

pytestmark = pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")
CONSOLE = rasd("Graphics", "front1/vnc")
MANAGE = "CIM_VirtualSystemManagementService"


@pytest.fixture
def adapter(library: File) -> Iterator[Adapter]:
    """The adapter that the library plugs in, with no events of another test."""
    assert cimom._ADAPTER is not None
    yield cimom._ADAPTER
    cimom._ADAPTER.events.__init__(  # type: ignore[misc]
        cimom._ADAPTER._encoder, cimom._ADAPTER._superclasses)
    cimom._ADAPTER.follow()


@pytest.fixture
def server(library: File, lab: Provider) -> Server:
    return Server(library, FakeBroker(), lab)


@pytest.fixture
def management(lab: Provider) -> str:
    return str(next(lab.enumerate_instance_names(MANAGE)))


def test_interop_by_another_name(
    server: Server, adapter: Adapter, lab: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the server calls it is what it is told, whatever that is."""
    monkeypatch.setattr(adapter, "_interop", "root")
    monkeypatch.setattr(adapter, "_encoders", {})
    wanted = list(lab.enumerate_instance_names("Virt_RegisteredProfile", "interop"))
    found = server.enumerate_instance_names("Virt_RegisteredProfile", "root")
    assert {each.namespace for each in found} == {"root"}
    assert [each.keys for each in found] == [each.keys for each in wanted]
    assert server.get_instance(str(found[0])).get("RegisteredName") is not None


# embedded instances

@pytest.fixture
def listens(lab: Provider) -> Any:
    found = lab.get_instance(CONSOLE, property_list=["Listens"]).get("Listens")
    assert found and isinstance(found[0], Instance)
    return found


def test_embedded_instances_come_if_they_are_asked_for(server: Server, listens: Any) -> None:
    assert server.get_instance(CONSOLE).get("Listens") is None
    assert server.get_instance(CONSOLE).get("ElementName") == "vnc"
    assert server.get_instance(CONSOLE, ["Listens"]).get("Listens") == listens


def test_a_list_of_everything_is_none(server: Server, lab: Provider) -> None:
    for path in (CONSOLE, vssd("build1")):
        class_name = path.partition(".")[0]
        every = list(lab.schema.resolved(class_name).properties)
        found = server.get_instance(path, every)
        assert found == server.get_instance(path) and "UnmappedXML" not in found.properties
    assert server.get_instance(vssd("beta1"), ["UnmappedXML"]).get("UnmappedXML")


def test_a_server_that_refuses_them_gets_texts(
    library: File, lab: Provider, listens: Any
) -> None:
    server = Server(library, FakeBroker(embeds=False), lab)
    for _ in range(2):  # it is asked only once
        texts = server.get_instance(CONSOLE, ["Listens"]).get("Listens")
        assert [each.startswith('<INSTANCE CLASSNAME="Virt_GraphicsListen">') for each in texts]
        assert len(texts) == len(listens)


# methods

def test_central_instances(server: Server, lab: Provider) -> None:
    profile = 'interop:Virt_RegisteredProfile.InstanceID=' \
        '"CIM:DSP1045-MemoryResourceVirtualization-1.0.0"'
    returned, out = server.invoke_method(profile, "getcentralinstances", {})
    assert returned == 0
    assert [str(each) for each in out["CentralInstances"]] == [f"root/virt:{POOLS[1]}"]


def heard(monkeypatch: pytest.MonkeyPatch, method: str, answer: Result) -> list[Call]:
    """The calls of a method that only listens and gives that answer."""
    calls: list[Call] = []

    def function(call: Call) -> Result:
        calls.append(call)
        return answer

    monkeypatch.setattr(service, "METHODS", {**service.METHODS, (MANAGE, method): function})
    return calls


def embedded(server: Server, class_name: str, **values: Any) -> Any:
    """A CMPIInstance."""
    broker = server.broker
    path = Thing(broker, "path", namespace="root/virt", class_name=class_name, host=None, values={})
    return Thing(broker, "instance", path=path, shown=None, wanted=None, values={
        name: broker.data(each) for name, each in values.items()}).c


def test_define_system(server: Server, management: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Embedded instances and references in, references out, in and out of arrays."""
    calls = heard(monkeypatch, "DefineSystem", (4096, {
        "ResultingSystem": parse_path(FRONT1), "Job": None}))
    settings = embedded(server, "Virt_VirtualSystemSettingData", ElementName="neu",
                        BootDevices=["hd", "network"], AutoStart=None)
    disk = embedded(server, "Virt_DiskResourceAllocationSettingData", Address="/a b/ü",
                    VirtualQuantity=1 << 40, readonly=True)
    text = '<INSTANCE CLASSNAME="Virt_MemResourceAllocationSettingData"><PROPERTY ' \
        'NAME="VirtualQuantity" TYPE="uint64"><VALUE>512</VALUE></PROPERTY></INSTANCE>'
    for resources in ([disk], [text]):
        returned, out = server.invoke_method(management, "DefineSystem", {
            "SystemSettings": server.broker.data(settings),
            "ResourceSettings": server.broker.data(resources),
            "ReferenceConfiguration": server.broker.data(server.path(vssd("front1"))),
        })
        assert returned == 4096
        assert str(out["ResultingSystem"]) == f"root/virt:{FRONT1}" and out["Job"] is None
    first, second = (call.given for call in calls)
    assert first["SystemSettings"] == Instance("Virt_VirtualSystemSettingData", {
        "ElementName": "neu", "BootDevices": ["hd", "network"]})
    assert first["ResourceSettings"] == [Instance("Virt_DiskResourceAllocationSettingData", {
        "Address": "/a b/ü", "VirtualQuantity": 1 << 40, "readonly": True})]
    assert str(first["ReferenceConfiguration"]) == f"root/virt:{vssd('front1')}"
    assert second["ResourceSettings"] == [Instance("Virt_MemResourceAllocationSettingData", {
        "VirtualQuantity": 512})]


def test_add_resource_settings(
    server: Server, management: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = rasd("Disk", "front1/vda"), rasd("Proc", "front1/proc")
    calls = heard(monkeypatch, "AddResourceSettings", (0, {
        "ResultingResourceSettings": [parse_path(each) for each in given]}))
    returned, out = server.invoke_method(management, "AddResourceSettings", {
        "AffectedConfiguration": server.broker.data(server.path(vssd(ODD))),
        "ResourceSettings": server.broker.data([], INSTANCE | ARRAY),
    })
    assert returned == 0 and calls[0].given["ResourceSettings"] == []
    assert calls[0].given["AffectedConfiguration"].keys == {"InstanceID": f"Virt:{ODD}"}
    assert [str(each) for each in out["ResultingResourceSettings"]] == [
        f"root/virt:{each}" for each in given]


@pytest.mark.parametrize(("path", "method", "status"), [
    (FRONT1, "NoSuch", Status.METHOD_NOT_FOUND),
    (FRONT1, "RequestStateChange", Status.METHOD_NOT_AVAILABLE),
    ("Virt_ComputerSystem", "RequestStateChange", Status.INVALID_PARAMETER),
])
def test_methods_that_are_not_there(
    server: Server, path: str, method: str, status: Status
) -> None:
    with pytest.raises(Error) as error:
        server.invoke_method(path, method, {})
    assert error.value.status == status


def test_changes_that_are_not_there(server: Server) -> None:
    made = embedded(server, "Virt_ComputerSystem", Name="a")
    path = server.path(FRONT1)
    for name, given in (("create", [made]), ("modify", [made, NULL]), ("delete", [])):
        with pytest.raises(Error, match="are not made, changed or deleted") as error:
            server.ask(name, path, *given)
        assert error.value.status == Status.NOT_SUPPORTED


# a server that asks for each class

def read(server: Server, counts: Calls, *classes: str) -> Counter[int]:
    """How often each guest's document was fetched while the classes were asked for."""
    counts.clear()
    for each in classes:
        assert server.enumerate_instances(each)
    return Counter(counts.documents.values())


def test_what_is_one_answer_is_read_once(
    server: Server, lab: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """sfcb asks for each class below one, and tells on which connection the client asked."""
    monkeypatch.setattr("libvirt_cim.parts.SOON", 10)
    before = server.enumerate_instances("CIM_LogicalDevice")
    counts = counted(monkeypatch)
    assert max(read(server, counts, "CIM_LogicalDevice")) > 5  # nobody tells
    server.broker.session = 7
    assert set(read(server, counts, "CIM_LogicalDevice")) == {1} and counts.listings == 1
    assert server.enumerate_instances("CIM_LogicalDevice") == before
    assert set(read(server, counts, "Virt_LogicalDisk", "Virt_LogicalDisk")) == {2}
    server.enumerate_instances("Virt_Processor")
    server.broker.session = 8  # another client
    assert set(read(server, counts, "Virt_LogicalDisk")) == {1}
    server.broker.session = 7
    with pytest.raises(Error):
        server.call("delete", server.broker.result().c, server.path(FRONT1))  # a change
    assert set(read(server, counts, "Virt_LogicalDisk")) == {1}
    monkeypatch.setattr("libvirt_cim.parts.SOON", 0)  # too late
    assert set(read(server, counts, "Virt_LogicalDisk", "Virt_Processor")) == {2}


# who asks

def test_the_principal(server: Server, lab: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def get(*given: Any, **more: Any) -> Instance:
        seen.append(principal.current())
        return Instance("Virt_ComputerSystem", {}, parse_path(FRONT1))

    monkeypatch.setattr(lab, "get_instance", get)
    for name in ("root", "jürgen", "", None):
        server.call("get", server.broker.result().c, server.path(FRONT1), None, principal=name)
    assert seen == ["root", "jürgen", None, None] and principal.current() is None


@pytest.mark.parametrize(("name", "status"), [
    ("root", Status.NOT_SUPPORTED), ("somebody", Status.ACCESS_DENIED),
    (None, Status.ACCESS_DENIED)])
def test_who_may_change(server: Server, name: Any, status: Status) -> None:
    with pytest.raises(Error) as error:
        server.call("delete", server.broker.result().c, server.path(FRONT1), principal=name)
    assert error.value.status == status


@pytest.mark.parametrize(("uri", "name", "role"), [
    ("test:///default", None, "write"), ("qemu:///system", None, "read"),
    ("qemu:///system", "root", "write"), ("qemu:///system", "otto", "read"),
    ("qemu:///system", "anna", "operate"),
])
def test_roles(uri: str, name: Any, role: str) -> None:
    """A server that does not know who asks may change test hosts only."""
    config = Config([Connection("test:///default"), Connection(uri, "root/virt/b")],
                    roles={"anna": "operate"})
    assert cimom.allowed(config).role(name) == role


# mistakes and the log

def test_a_mistake_is_a_failure(
    server: Server, lab: Provider, adapter: Adapter, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The client is told that there is one, the server's log which."""
    monkeypatch.setattr(lab, "get_instance", lambda *_, **__: [][0])
    log = logging.getLogger("libvirt_cim")
    handler = adapter.log()
    log.addHandler(handler)
    try:
        with pytest.raises(Error, match="^libvirt_cim made a mistake; the CIM server's log says"):
            server.get_instance(FRONT1)
    finally:
        log.removeHandler(handler)
    said = [text for severity, text in server.broker.logged if severity == 1]
    assert said[0] == "libvirt_cim.cmpi: a mistake in libvirt_cim"
    assert said[-1] == "IndexError: list index out of range"
    assert capfd.readouterr() == ("", "")


def test_a_broken_connection_does_not_end_the_process(
    server: Server, lab: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the server leaves SIGPIPE as it is, as sfcb does."""
    got: list[int] = []

    def get(*given: Any, **more: Any) -> Instance:
        signal.pthread_kill(threading.get_ident(), signal.SIGPIPE)
        return Instance("Virt_ComputerSystem", {}, parse_path(FRONT1))

    monkeypatch.setattr(lab, "get_instance", get)
    before = signal.signal(signal.SIGPIPE, lambda number, frame: got.append(number))
    try:
        assert server.get_instance(FRONT1)
        assert got == [] and signal.SIGPIPE not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    finally:
        signal.signal(signal.SIGPIPE, before)


def test_what_is_printed_is_logged() -> None:
    lines: list[str] = []
    output = Output(lines.append)
    print("one\ntwo", file=output)
    print("", file=output)
    print("thr", end="", file=output)
    print("ee", file=output)
    output.flush()
    assert lines == ["one", "two", "three"] and output.writable()


def test_a_server_that_refuses_a_value(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.broker, "refused", "EnabledState")
    with pytest.raises(Error) as error:
        server.get_instance(FRONT1)
    assert error.value.text == \
        "Virt_ComputerSystem.EnabledState was refused by the CIM server: not EnabledState"


def test_it_is_never_unloaded(server: Server) -> None:
    for kind in ("Instance", "Association", "Method", "Indication"):
        with pytest.raises(SystemError) as error:
            server.call(f"{kind} cleanup", False)
        assert error.value.args[0] == 51
        server.call(f"{kind} cleanup", True)


# indications

def wanted(server: Server, class_name: str) -> Any:
    """A filter that is active."""
    made = Thing(server.broker, "filter", text=f"SELECT * FROM {class_name}").c
    path = server.broker.path("root/virt", class_name, {})
    server.call("authorize", made, class_name, path, "root")
    server.call("activate", made, class_name, path, True)
    server.call("enable")
    return made


EVENT = Instance("Virt_ComputerSystem", {"Name": "front1", "EnabledState": 2})


def test_an_event(server: Server, adapter: Adapter) -> None:
    assert not adapter.events.deliver("root/virt", EVENT)
    filter_ = wanted(server, "CIM_ComputerSystem")
    found, = adapter.events.filters()
    assert found == ("root/virt", "CIM_ComputerSystem", "SELECT * FROM CIM_ComputerSystem")
    assert adapter.events.deliver("root/virt", EVENT)
    assert server.broker.event.wait(5)
    assert server.broker.delivered == [("root/virt", {"Name": "front1", "EnabledState": 2})]
    assert not adapter.events.deliver("root/virt", Instance("Virt_DiskPool", {}))
    server.call("disable")  # sfcb: before the filter is given back, without its class
    assert adapter.events.filters() == []
    server.call("release", filter_, "", server.broker.path("", "", {}), True)
    assert not adapter.events.deliver("root/virt", EVENT)
    assert server.broker.mistakes == [] and len(server.broker.attached) == 1


def test_what_comes_while_events_may_not_is_lost(server: Server, adapter: Adapter) -> None:
    wanted(server, "CIM_ComputerSystem")
    server.call("disable")
    line, = adapter.events._lines.values()
    assert adapter.events.deliver("root/virt", Instance(EVENT.class_name, {"Name": "early"}))
    assert until(lambda: not line._waiting)
    server.call("enable")
    assert adapter.events.deliver("root/virt", EVENT)
    assert until(lambda: [each["Name"] for _, each in server.broker.delivered] == ["front1"])


def test_somebody_subscribes_while_an_event_is_told(server: Server, adapter: Adapter) -> None:
    class Meanwhile(str):
        def lower(self) -> str:
            if len(adapter.events.filters()) == 1:
                wanted(server, "CIM_ComputerSystem")
            return super().lower()

    wanted(server, "CIM_Processor")
    line, = adapter.events._lines.values()
    line.filters = {key: each._replace(class_name=Meanwhile(each.class_name))
                    for key, each in line.filters.items()}
    assert not adapter.events.deliver("root/virt", EVENT)
    assert adapter.events.deliver("root/virt", EVENT)


class Shut(FakeBroker):
    """It lets no thread in."""

    def broker_prepare(self, broker: Any, context: Any) -> Any:
        return NULL


@pytest.mark.parametrize("broker", [Shut(), FakeBroker(["broker.prepare"])])
def test_who_can_be_told_of_no_event_is_refused(
    library: File, lab: Provider, adapter: Adapter, broker: FakeBroker
) -> None:
    server = Server(library, broker, lab)
    for _ in range(2):
        with pytest.raises(Error, match="^this CIM server lets no thread of ours in: no events"):
            wanted(server, "CIM_ComputerSystem")
    server.call("enable")
    assert adapter.events.filters() == []


def test_filters_of_two_classes(server: Server, adapter: Adapter) -> None:
    first, second = wanted(server, "CIM_System"), wanted(server, "CIM_ComputerSystem")
    path = server.broker.path("root/virt", "CIM_System", {})
    server.call("release", first, "CIM_System", path, False)
    assert [each.class_name for each in adapter.events.filters()] == ["CIM_ComputerSystem"]
    server.call("release", second, "CIM_ComputerSystem", path, True)
    assert adapter.events.filters() == []


@pytest.mark.parametrize("name, waits", [("RequestHandler", True), ("CMPI", False)])
def test_one_event_after_another(
    library: File, lab: Provider, adapter: Adapter, monkeypatch: pytest.MonkeyPatch,
    name: str, waits: bool
) -> None:
    """sfcb must not have the next while it deletes a subscription."""
    monkeypatch.setitem(KNOWN, "RequestHandler", Traits(pause=0.5))
    server = Server(library, FakeBroker(name=name), lab)
    wanted(server, "CIM_ComputerSystem")
    for _ in range(2):
        assert adapter.events.deliver("root/virt", EVENT)
    assert server.broker.event.wait(5)
    assert until(lambda: len(server.broker.delivered) == 2, 0.2) != waits
    assert until(lambda: len(server.broker.delivered) == 2, 5)


def test_events_that_cannot_be_made(server: Server, adapter: Adapter) -> None:
    """They are lost, and the next is not."""
    wanted(server, "CIM_ComputerSystem")
    assert adapter.events.deliver("root/virt", Instance("Virt_ComputerSystem", {"Name": 5}))
    assert adapter.events.deliver("root/virt", EVENT)
    assert server.broker.event.wait(5) and len(server.broker.delivered) == 1


def test_what_happens_to_guests(server: Server, adapter: Adapter, lab: Provider) -> None:
    """The server says what is wanted; from then on it is told, and after that no more."""
    filter_ = wanted(server, "CIM_InstIndication")
    assert until(lambda: adapter._watchers["root/virt"].ready.is_set())
    host = lab.watching().handle
    host.defineXML(guest("told")).undefine()
    assert until(lambda: len(server.broker.delivered) == 2)
    created, deleted = (each for _, each in server.broker.delivered)
    assert created["SourceInstanceModelPath"] == deleted["SourceInstanceModelPath"] == (
        'root/virt:Virt_ComputerSystem.CreationClassName="Virt_ComputerSystem",Name="told"')
    source = created["SourceInstance"].values
    assert {name: server.broker.read(source[name]) for name in ("Name", "EnabledState")} == {
        "Name": "told", "EnabledState": 3}
    path = server.broker.path("root/virt", "CIM_InstIndication", {})
    server.call("release", filter_, "CIM_InstIndication", path, True)
    assert not adapter._watchers
    host.defineXML(guest("quiet")).undefine()
    assert len(server.broker.delivered) == 2 and server.broker.mistakes == []


def test_polling_is_not_needed(server: Server) -> None:
    with pytest.raises(Error) as error:
        server.call("poll")
    assert error.value.status == Status.NOT_SUPPORTED
