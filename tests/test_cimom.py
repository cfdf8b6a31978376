# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real CIM servers that load the library answer as the contract says, but for their own defects."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path as File
from typing import Any

import libvirtd
import openwbem
import pegasus
import pytest
import pywbem
import sfcb
from brokers import Defects
from cim_server import PLACES, CimServer, free_port, missing
from contract import check, failing, through_provider, through_pywbem
from lab import GUESTS, LAB, rasd, system
from listening import Told, until
from operations import Operation
from plugged import EVENT
from test_cmpi import OPERATIONS

import libvirt_cim
from libvirt_cim.provider import Provider

pytestmark = pytest.mark.cimom
MAKES = {each.Server.make: each for each in (sfcb, pegasus, openwbem)}
DEFECTS = Defects()
every = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)


@pytest.fixture(scope="module", params=MAKES)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
           ) -> Iterator[CimServer]:
    why = missing(*MAKES[request.param].PROGRAMS)
    if why is not None:
        pytest.skip(why)
    with MAKES[request.param].Server(tmp_path_factory.mktemp(request.param), LAB) as found:
        yield found


@pytest.fixture(scope="module")
def wbem(server: CimServer) -> Any:
    return server.wbem()


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with libvirt_cim.connect(LAB, server=False) as found:
        yield found


@every
def test_contract(
    server: CimServer, wbem: Any, provider: Provider, operation: Operation
) -> None:
    found = answer(through_pywbem(wbem)(operation))
    defect = DEFECTS.of(server.make, operation.name)
    if defect is None:
        check(operation, found)
        assert found == answer(through_provider(provider)(operation))
    else:
        assert found != answer(through_provider(provider)(operation)), f"mended: {defect.title}"
        if defect.status is not None:
            assert found.get("status") == defect.status


def answer(given: Any) -> Any:
    """An answer without what is the server's own, in order."""
    if not isinstance(given, list):
        return plain(given)
    ours = [plain(each) for each in given if not path(each).startswith("cim_")]
    return sorted(ours, key=path)


def path(each: Any) -> str:
    """The path of an instance, or what is one itself."""
    return str(each.get("path", each) if isinstance(each, dict) else each)


def plain(value: Any) -> Any:
    """A value without what is NULL, in our words."""
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items() if each is not None}
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, str):
        value = re.sub("root(/interop|/PG_InterOp)?:", "interop:", value)
        return re.sub("^CIM_ERR_[A-Z_]+: ", "", value)
    return value


# what the contract does not ask for

def guest(name: str) -> pywbem.CIMInstanceName:
    """A guest's path."""
    return pywbem.CIMInstanceName.from_wbem_uri(f"root/virt:{system(name)}")


def test_methods(server: CimServer, wbem: Any) -> None:
    """References come out of them, in an array."""
    profile = pywbem.CIMInstanceName("Virt_RegisteredProfile", {
        "InstanceID": "CIM:DSP1045-MemoryResourceVirtualization-1.0.0"}, namespace=server.interop)
    returned, out = wbem.InvokeMethod("GetCentralInstances", profile)
    assert returned == 0
    assert [each["InstanceID"] for each in out["CentralInstances"]] == ["MemoryPool/0"]
    with failing(pywbem.CIM_ERR_METHOD_NOT_AVAILABLE):
        wbem.InvokeMethod("RequestStateChange", guest("front1"), RequestedState=pywbem.Uint16(2))
    with failing(pywbem.CIM_ERR_NOT_SUPPORTED):
        wbem.DeleteInstance(guest("front1"))


def test_another_providers_host(server: CimServer, wbem: Any) -> None:
    """It is ours, and our guests hang on it; what else another provider has leads nowhere."""
    host, = wbem.EnumerateInstanceNames("Virt_HostSystem")
    name, links = "CIM_UnitaryComputerSystem", {"AssocClass": "Virt_HostedDependency"}
    for its_name, number in ((host["Name"], len(GUESTS)), ("another", 0)):
        path = pywbem.CIMInstanceName(
            name, {"CreationClassName": name, "Name": its_name}, namespace="root/cimv2")
        assert len(wbem.AssociatorNames(path, **links)) == number
        assert len(wbem.Associators(path, **links)) == number
        quoted = 1 if number and server.make == "sfcb" else 0  # the row of quotes in brokers.ini
        found = wbem.References(path, ResultClass="Virt_HostedDependency")
        assert len(found) == number - quoted


def test_embedded_instances(server: CimServer, wbem: Any) -> None:
    """They come as instances, if the property list names them."""
    path = pywbem.CIMInstanceName.from_wbem_uri(f"root/virt:{rasd('Graphics', 'front1/vnc')}")
    assert "Listens" not in wbem.GetInstance(path) or wbem.GetInstance(path)["Listens"] is None
    found = wbem.GetInstance(path, PropertyList=["Listens"])["Listens"]
    if server.make == "OpenWBEM":  # in which no value can be one: they are texts
        assert [each.count("<VALUE>127.0.0.1</VALUE>") for each in found] == [1]
    else:
        assert [each["Address"] for each in found] == ["127.0.0.1"]


def test_events(server: CimServer, wbem: Any) -> None:
    """From the subscription on they come, and after it no more."""
    got = told(server, wbem, EVENT)
    for each, event in enumerate(got, 1):
        assert event.classname == EVENT and event["CorrelatedIndications"] == ["a", "<b>"]
        assert event["IndicationIdentifier"].startswith("test ") and each
    assert len({event["IndicationIdentifier"] for event in got}) == len(got)


def test_a_subscription_that_is_deleted_as_events_come(tmp_path: File) -> None:
    """sfcb's process of subscriptions ends if it deletes one of which two events are on their way.

    Freed memory is written over there, so that it would.
    """
    why = missing(*sfcb.PROGRAMS)
    if why is not None:
        pytest.skip(why)
    made = sfcb.Server(tmp_path, LAB)
    made.environment["MALLOC_PERTURB_"] = "85"
    with made, Told(wait=0.5) as listener:
        wbem = made.wbem()
        subscription = subscribed(made, wbem, listener.url, EVENT)
        assert until(lambda: listener.heard)  # the next event is there before this one is taken
        with contextlib.suppress(pywbem.CIMXMLParseError):
            wbem.DeleteInstance(subscription)
        time.sleep(1.5)
        assert len(listener.heard) == 1
        assert wbem.EnumerateInstanceNames("CIM_IndicationFilter", namespace=made.interop)


@pytest.mark.parametrize("what", ["Created", "Deleted"])
def test_what_happens_to_guests(server: CimServer, wbem: Any, what: str) -> None:
    class_name = f"Virt_ComputerSystem{what}Indication"
    got = told(server, wbem, class_name)
    assert {each.classname for each in got} == {class_name}
    guests = [each["SourceInstance"] for each in got]
    assert {each.classname for each in guests} == {"Virt_ComputerSystem"}
    assert {(each["Name"][:4], each["EnabledState"]) for each in guests} == {("told", 3)}
    assert len({each["Name"] for each in guests}) == len(got)


def told(server: CimServer, wbem: Any, class_name: str) -> list[Any]:
    """What comes from a subscription until it is deleted, and no more than that."""
    if server.make == "OpenWBEM":
        pytest.skip("it asks no CMPI provider for events")
    got: list[Any] = []
    listener = pywbem.WBEMListener("127.0.0.1", http_port=free_port())
    listener.add_callback(lambda event, host: got.append(event))
    listener.start()
    try:
        made = subscribed(server, wbem, f"http://127.0.0.1:{listener.http_port}", class_name)
        end = time.monotonic() + 20
        while len(got) < 3 and time.monotonic() < end:
            time.sleep(0.05)
        with contextlib.suppress(pywbem.CIMXMLParseError):  # sfcb answers more than nothing
            wbem.DeleteInstance(made)
        time.sleep(0.5)
        number = len(got)
        time.sleep(0.7)
        assert number == len(got) >= 3
        return got
    finally:
        listener.stop()


def subscribed(
    server: CimServer, wbem: Any, url: str, event: str
) -> pywbem.CIMInstanceName:
    """A subscription of events of a class."""
    made = []
    place = {"SourceNamespace": "root/virt"} if server.make == "sfcb" else {
        "SourceNamespaces": ["root/virt"]}
    for class_name, more in (
        ("CIM_IndicationFilter", {"Query": f"SELECT * FROM {event}", "QueryLanguage": "WQL",
                                  **place}),
        ("CIM_ListenerDestinationCIMXML", {"Destination": url}),
    ):
        keys = {"CreationClassName": class_name, "Name": event, "SystemName": "here",
                "SystemCreationClassName": "CIM_ComputerSystem"}
        path = wbem.CreateInstance(
            pywbem.CIMInstance(class_name, {**keys, **more}), namespace=server.interop)
        path.namespace = server.interop
        made.append(path)
    ends = pywbem.CIMInstance("CIM_IndicationSubscription", {
        "Filter": made[0], "Handler": made[1]})
    return wbem.CreateInstance(ends, namespace=server.interop)


def test_it_is_alone(server: CimServer) -> None:
    """The places where servers put their sockets are not the machine's, of which one may run."""
    there = [each for each in PLACES if File(each).is_dir()]
    assert server.process is not None
    for place in there:
        assert not File(f"/proc/{server.process.pid}/root{place}").samefile(place)
    assert {"/tmp", "/var/tmp"} <= set(there)


# other clients

def ran(*command: object, **environment: str) -> str:
    """What a program prints."""
    done = subprocess.run([str(each) for each in command], capture_output=True, text=True,
                          timeout=60, env={**os.environ, **environment})
    assert done.returncode == 0, (done.stdout, done.stderr)
    return done.stdout


def test_wbemcli(server: CimServer) -> None:
    if not shutil.which("wbemcli"):
        pytest.skip("wbemcli is not installed")
    where = f"127.0.0.1:{server.port}/root/virt"
    names = ran("wbemcli", "ein", f"http://{where}:Virt_ComputerSystem").splitlines()
    assert len(names) == len(GUESTS)
    path = f"http://{where}:{system('front1')}"
    assert "Virt_LogicalDisk" in ran("wbemcli", "ain", path, "-ac", "CIM_SystemDevice")
    assert "Virt_SystemDevice" in ran("wbemcli", "rin", path) and ran("wbemcli", "ri", path)
    if server.make == "sfcb":  # it cannot read of OpenPegasus that NULL embeds nothing
        assert 'Name="front1"' in ran("wbemcli", "gi", path)
        assert "Virt_LogicalDisk" in ran("wbemcli", "ei", f"http://{where}:CIM_LogicalDevice")


def test_pywbemcli(server: CimServer) -> None:
    program = os.environ.get("LIBVIRT_CIM_PYWBEMCLI") or shutil.which("pywbemcli")
    if not program:
        pytest.skip("pywbemcli is not installed ($LIBVIRT_CIM_PYWBEMCLI)")
    command = (program, "-s", f"http://127.0.0.1:{server.port}", "-d", "root/virt", "instance")
    assert len(ran(*command, "enumerate", "Virt_ComputerSystem", "--no").split()) >= len(GUESTS)
    path = system("front1")
    assert "front1" in ran(*command, "get", path)
    assert "Virt_LogicalDisk" in ran(*command, "associators", path, "--no")


def test_cimcli(server: CimServer) -> None:
    program = shutil.which("cimcli")
    if not program:
        pytest.skip("cimcli is not installed")
    libraries = {"LD_LIBRARY_PATH": str(File(program).resolve().parent.parent / "lib")}
    where = ("-l", f"127.0.0.1:{server.port}", "-n", "root/virt")
    names = ran(program, "ni", *where, "Virt_ComputerSystem", **libraries).splitlines()
    assert len([each for each in names if each.startswith("Virt_ComputerSystem.")]) == len(GUESTS)
    found = ran(program, "gi", *where, system("front1"), **libraries)
    assert 'Name = "front1";' in found and "EnabledState = 2;" in found
    found = ran(program, "an", *where, system("front1"), "-ac", "CIM_SystemDevice", **libraries)
    assert "Virt_LogicalDisk" in found


# how it stands it

def test_nothing_is_printed(server: CimServer) -> None:
    text = server.log.read_text("utf-8", "replace")
    assert not re.search("Traceback|libvirt_cim.cmpi|DEBUG", text)


def test_eight_clients(server: CimServer) -> None:
    """At once, and nobody waits for ever."""
    def client(number: int) -> int:
        wbem = server.wbem()
        found = 0
        for _ in range(6 if number % 2 else 3):
            found += len(wbem.EnumerateInstances("Virt_ComputerSystem"))
            found += len(wbem.AssociatorNames(guest("front1"), AssocClass="CIM_SystemDevice"))
        return found

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(client, range(8)))
    assert found[0] * 2 == found[1] and len(set(found)) == 2


def resident(server: CimServer) -> int:
    """The memory of the processes that have the library, in KiB."""
    texts = [File(f"/proc/{each}/status").read_text("ascii") for each in server.loaded()]
    return sum(int(found[1]) for text in texts for found in re.finditer(r"VmRSS:\s+(\d+)", text))


@pytest.mark.skipif(not libvirtd.SLOW, reason="it takes long: set LIBVIRT_CIM_SLOW=1")
def test_memory(server: CimServer) -> None:
    """After 10,000 requests it is at most a twentieth more than after 1,000."""
    def client(requests: int) -> None:
        wbem = server.wbem()
        for _ in range(requests // 4):
            assert wbem.GetInstance(guest("front1"))
            assert wbem.EnumerateInstanceNames("Virt_ComputerSystem")
            assert wbem.EnumerateInstances("Virt_LogicalDisk")
            assert wbem.AssociatorNames(guest("front1"), AssocClass="Virt_SystemDevice")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(client, [250] * 4))
        before = resident(server)
        list(pool.map(client, [2250] * 4))
    assert 0 < resident(server) <= before * 1.05


def test_a_provider_that_is_killed(server: CimServer) -> None:
    """The next request, or the one after that, starts it again."""
    if server.make == "OpenWBEM":
        pytest.skip("its providers are in the server's own process")
    wbem = server.wbem()
    before = len(wbem.EnumerateInstanceNames("Virt_ComputerSystem"))
    for number in server.loaded():
        os.kill(number, signal.SIGKILL)
    time.sleep(1)
    for _ in range(5):
        with contextlib.suppress(pywbem.Error):
            assert len(server.wbem().EnumerateInstanceNames("Virt_ComputerSystem")) == before
            return
        time.sleep(1)
    raise AssertionError("it did not come back")


@pytest.fixture(params=["the distribution's", "its environment"])
def another(request: pytest.FixtureRequest, tmp_path: File) -> str:
    """A Python that does not run the tests, with what the package needs."""
    program = "/usr/bin/python3"
    if shutil.which(program) is None or File(program).resolve() == File(sys.executable).resolve():
        pytest.skip("there is no other Python")
    needed = subprocess.run([program, "-c", "import attr, libvirt, lxml"], capture_output=True)
    if needed.returncode:
        pytest.skip(f"{program} has not libvirt, lxml and attrs")
    if request.param == "the distribution's":
        return program
    made = tmp_path / "environment"
    ran(program, "-m", "venv", "--system-site-packages", "--without-pip", made)
    return str(made / "bin" / "python")


@pytest.mark.parametrize("make", MAKES)
def test_another_python(make: str, another: str, tmp_path: File) -> None:
    """The server's processes have none of this one."""
    why = missing(*MAKES[make].PROGRAMS)
    if why is not None:
        pytest.skip(why)
    with MAKES[make].Server(tmp_path / "server", LAB, python=another) as made:
        assert len(made.wbem().EnumerateInstances("Virt_ComputerSystem")) == len(GUESTS)
        mapped = [File(f"/proc/{each}/maps").read_text("utf-8") for each in made.loaded()]
    assert mapped and all("libpython3" in text and sys.prefix not in text for text in mapped)


def test_who_asks(tmp_path: File) -> None:
    """Whom sfcb has let in is known by name; his role is that of the configuration."""
    why = missing(*sfcb.PROGRAMS)
    if why is not None:
        pytest.skip(why)
    made = sfcb.Server(tmp_path, LAB, authenticates=True)
    with (tmp_path / "libvirt-cim.conf").open("a", encoding="utf-8") as file:
        file.write("[roles]\nanna = write\n")
    told = {}
    with made:
        for name in ("root", "anna", "otto"):
            wbem = made.wbem(creds=(name, "x"))
            assert len(wbem.EnumerateInstanceNames("Virt_ComputerSystem")) == len(GUESTS)
            with pytest.raises(pywbem.CIMError) as error:
                wbem.DeleteInstance(guest("front1"))
            told[name] = error.value.status_code
    assert told == {"root": pywbem.CIM_ERR_NOT_SUPPORTED, "anna": pywbem.CIM_ERR_NOT_SUPPORTED,
                    "otto": pywbem.CIM_ERR_ACCESS_DENIED}
