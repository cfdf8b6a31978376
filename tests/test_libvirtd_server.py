# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real host served: roles, secrets, libvirt's rules, and libvirtd killed under its clients."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from typing import Any

import libvirtd
import pytest
import pywbem
from libvirtd import Daemon
from real_host import GUESTS, PASSWORD, PLAIN
from served import NAMESPACE, basic, config, hashed, message, sent, serving, wbem

import libvirt_cim
from libvirt_cim.cim import Instance
from libvirt_cim.provider import Provider

pytestmark = pytest.mark.libvirtd
SYSTEMS = "KVM_ComputerSystem"
ROLES = {"writer": "write", "operator": "operate"}


@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("users") / "htpasswd"
    file.write_text("".join(f"{name}:{hashed(name)}\n" for name in ("reader", *ROLES)), "utf-8")
    return str(file)


@pytest.fixture(scope="module")
def made(real: Daemon, users: str) -> Iterator[Any]:
    with serving(config(real.uri, users=users, roles=ROLES)) as found:
        yield found


def client(made: Any, name: str) -> Any:
    """pywbem's connection of a user."""
    return wbem(made, creds=(name, name))


def test_who_may_read_sees_all(made: Any) -> None:
    seen = {name: sorted(each["Name"] for each in client(made, name).EnumerateInstances(SYSTEMS))
            for name in ("reader", *ROLES)}
    assert seen == dict.fromkeys(seen, sorted(GUESTS))


@pytest.mark.parametrize(("name", "denied"), [
    ("reader", (True, True, True)), ("operator", (False, True, True)),
    ("writer", (False, False, False))])
def test_who_may_do_what(made: Any, name: str, denied: Any) -> None:
    """A call that is let through is refused for another reason: there is nothing to change."""
    asked, absent = client(made, name), pywbem.CIMInstanceName(SYSTEMS, {
        "CreationClassName": SYSTEMS, "Name": "absent"}, namespace=NAMESPACE)
    calls = (lambda: asked.InvokeMethod("RequestStateChange", absent,
                                        RequestedState=pywbem.Uint16(2)),
             lambda: asked.InvokeMethod("RequestSomething", absent),
             lambda: asked.DeleteInstance(absent))
    for call, no in zip(calls, denied):
        with pytest.raises(pywbem.CIMError) as caught:
            call()  # type: ignore[no-untyped-call]
        assert (caught.value.status_code == pywbem.CIM_ERR_ACCESS_DENIED) == no


def test_nobody_else_is_let_in(made: Any) -> None:
    for given in (None, basic("reader:wrong"), basic("nobody:reader")):
        assert sent(made, Authorization=given).status == 401


# secrets

def everything(provider: Provider) -> Iterator[Instance]:
    """Every instance with every property, UnmappedXML too."""
    names = {name for table in provider.schema.tables.values() for name in table.names}
    for place in provider.namespaces:
        for name in provider.enumerate_class_names(namespace=place):
            yield from provider.enumerate_instances(name, place, property_list=names)


def test_no_secret_is_shown(real: Daemon, made: Any) -> None:
    connection = real.opened()
    guest = connection.lookupByName("runs")
    assert PASSWORD in guest.XMLDesc(1)  # VIR_DOMAIN_XML_SECURE
    connection.close()
    with libvirt_cim.connect(real.uri) as provider:
        found = list(everything(provider))
    assert any("vnc" in str(each) for each in found)
    assert PASSWORD not in str(found)
    asked = ('<IMETHODCALL NAME="EnumerateInstances"><LOCALNAMESPACEPATH><NAMESPACE NAME="root"/>'
             '<NAMESPACE NAME="virt"/></LOCALNAMESPACEPATH><IPARAMVALUE NAME="ClassName">'
             '<CLASSNAME NAME="CIM_SettingData"/></IPARAMVALUE></IMETHODCALL>')
    answer = sent(made, message(asked), CIMMethod="EnumerateInstances",
                  Authorization=basic("reader:reader"))
    assert answer.status == 200 and b"GraphicsResource" in answer.body
    assert PASSWORD.encode() not in answer.body


# libvirt's own rules

RULES = """polkit.addRule(function(action, subject) {
    if (action.id.indexOf("org.libvirt.api.") != 0) { return polkit.Result.NOT_HANDLED; }
    if (subject.user == "games" && action.lookup("domain_name") == "off") {
        return polkit.Result.NO;
    }
    return subject.user == "root" || subject.user == "games" ? polkit.Result.YES
                                                             : polkit.Result.NO;
});
"""
DEFINE = """import libvirt, sys
virt = libvirt.open(sys.argv[1])
for text in sys.argv[2:]:
    virt.defineXML(text)
"""
ASK = """import json, sys
import libvirt_cim
from libvirt_cim import principal
provider = libvirt_cim.connect(sys.argv[1])
found = {}
for name in sys.argv[2:]:
    with principal.acting(name):
        try:
            seen = provider.enumerate_instances("KVM_ComputerSystem")
            found[name] = sorted(each["Name"] for each in seen)
        except libvirt_cim.cim.Error as error:
            found[name] = int(error.status)
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def ruled() -> Iterator[Daemon]:
    """A libvirtd that asks polkit, which lets some users do what it likes."""
    why = libvirtd.missing("polkit", "dbus")
    if why is not None:
        pytest.skip(why)
    with libvirtd.found('access_drivers = [ "polkit" ]\n', "dbus", "polkit", rules=RULES) as daemon:
        yield daemon


def test_polkit_decides(ruled: Daemon) -> None:
    """The principal is known to polkit by his account, so this asks from inside the namespaces."""
    ruled.inside(sys.executable, "-c", DEFINE, ruled.uri,
                 *(PLAIN.format(name=name, vcpus=1, devices="") for name in ("off", "web")))
    answer = ruled.inside(sys.executable, "-c", ASK, ruled.uri, "root", "games", "news")
    assert json.loads(answer) == {"root": ["off", "web"], "games": ["web"], "news": 2}


HEAR = """import json, sys, time
import libvirt
import libvirt_cim
from libvirt_cim.service.indication import watch
uri, names, texts = sys.argv[1], sys.argv[2].split(), sys.argv[3:]
provider = libvirt_cim.connect(uri)
heard = {name: [] for name in names}
def told(name):
    return lambda event: heard[name].append(event["SourceInstance"]["Name"])
watchers = {name: watch(provider, "root/virt", name, told(name)) for name in names}
ready = {name: each.ready.wait(2) for name, each in watchers.items()}
virt = libvirt.open(uri)
for text in texts:
    name = text.partition("<name>")[2].partition("<")[0]
    virt.defineXML(virt.lookupByName(name).XMLDesc())
end = time.monotonic() + 10
while len(heard[names[0]]) < len(texts) and time.monotonic() < end:
    time.sleep(0.02)
time.sleep(0.2)
print(json.dumps([ready, heard]))
"""


def test_polkit_decides_what_is_told(ruled: Daemon) -> None:
    """Events are those of who has subscribed."""
    texts = [PLAIN.format(name=name, vcpus=1, devices="") for name in ("off", "web")]
    answer = ruled.inside(sys.executable, "-c", HEAR, ruled.uri, "root games news", *texts)
    assert json.loads(answer) == [
        {"root": True, "games": True, "news": False},
        {"root": ["off", "web"], "games": ["web"], "news": []}]


# libvirtd killed

@pytest.mark.slow
def test_clients_of_a_libvirtd_that_is_killed(users: str) -> None:
    """Each answer is right or an error, nobody waits for ever, the next request is answered."""
    with libvirtd.found() as daemon:
        virt = daemon.opened()
        for number in range(60):
            virt.defineXML(PLAIN.format(name=f"guest{number}", vcpus=1, devices=""))
        virt.close()
        with serving(config(daemon.uri, users=users)) as made:
            _killed_under_clients(daemon, made)


def _killed_under_clients(daemon: Daemon, made: Any) -> None:
    stop, answers = threading.Event(), list[Any]()

    def ask() -> None:
        mine = client(made, "reader")
        while not stop.is_set():
            try:
                answers.append(len(mine.EnumerateInstances(SYSTEMS)))
            except pywbem.Error as error:
                answers.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for each in threads:
        each.start()
    for _ in range(6):
        stop.wait(0.5)
        daemon.kill()
        daemon.start()
    stop.set()
    for each in threads:
        each.join(30)
        assert not each.is_alive()
    wrong = [each for each in answers if each != 60 and not (
        isinstance(each, pywbem.ConnectionError)
        or isinstance(each, pywbem.CIMError) and each.status_code == pywbem.CIM_ERR_FAILED)]
    assert not wrong and 60 in answers and len(set(map(type, answers))) > 1
    assert len(client(made, "reader").EnumerateInstances(SYSTEMS)) == 60
