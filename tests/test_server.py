# SPDX-License-Identifier: LGPL-2.1-or-later
"""The server with pywbem: methods and their parameters, answers in parts, errors, the log."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import pywbem
from served import (
    CALL,
    LOCAL,
    config,
    connected,
    everything,
    head,
    message,
    reply,
    sent,
    serving,
    wbem,
)

from libvirt_cim import cim, principal
from libvirt_cim.adapter import cimxml_answer
from libvirt_cim.provider import Provider

ENUMERATE = message(f'<IMETHODCALL NAME="EnumerateInstances">{LOCAL}<IPARAMVALUE NAME="ClassName">'
                    '<CLASSNAME NAME="Virt_MemoryPool"/></IPARAMVALUE></IMETHODCALL>')
FLY = message(f'<METHODCALL NAME="Fly"><LOCALINSTANCEPATH>{LOCAL}<INSTANCENAME CLASSNAME='
              '"Virt_ComputerSystem"><KEYBINDING NAME="Name"><KEYVALUE>a b</KEYVALUE></KEYBINDING>'
              "</INSTANCENAME></LOCALINSTANCEPATH></METHODCALL>")
METHOD_TARGET = 'root/virt:Virt_ComputerSystem.Name="a b"'
Calls = list[tuple[Any, ...]]


@pytest.fixture(scope="module")
def made() -> Iterator[Any]:
    with serving(config()) as found:
        yield found


@pytest.fixture
def client(made: Any) -> Iterator[Any]:
    with wbem(made) as found:
        yield found


def failing(status: int, client: Any, call: str, *arguments: Any, **named: Any) -> str:
    """The text of the CIM error of that status that a call gives."""
    with pytest.raises(pywbem.CIMError) as caught:
        getattr(client, call)(*arguments, **named)
    assert caught.value.status_code == status, caught.value
    return str(caught.value.status_description)


# what a client cannot do yet or ever

@pytest.mark.parametrize("call", [
    lambda client, path: client.DeleteClass("Virt_ComputerSystem"),
    lambda client, path: client.DeleteQualifier("Key"),
    lambda client, path: client.SetQualifier(client.GetQualifier("Key")),
    lambda client, path: client.CreateClass(client.GetClass("Virt_ComputerSystem")),
])
def test_what_is_not_there(client: Any, call: Any) -> None:
    path = client.EnumerateInstanceNames("Virt_ComputerSystem")[0]
    with pytest.raises(pywbem.CIMError) as caught:
        call(client, path)
    assert caught.value.status_code == pywbem.CIM_ERR_NOT_SUPPORTED


def test_unknown_things(client: Any) -> None:
    for path in client.EnumerateInstanceNames("CIM_System"):  # whatever its name
        assert failing(17, client, "InvokeMethod", "Fly", path) == \
            f"{path.classname} has no method Fly"
    failing(3, client, "EnumerateInstances", "CIM_System", namespace="root/nowhere")
    failing(3, client, "InvokeMethod", "Fly",
            pywbem.CIMClassName("CIM_System", namespace="root/no"))
    failing(5, client, "EnumerateInstances", "CIM_Nothing")


# methods

METHOD = cim.Method("DefineSystem", "uint32", {
    "SystemSettings": cim.Property("SystemSettings", "string", qualifiers={
        "EmbeddedInstance": cim.Qualifier("EmbeddedInstance", "Virt_MemoryPool")}),
    "ResourceSettings": cim.Property("ResourceSettings", "string", True, qualifiers={
        "EmbeddedInstance": cim.Qualifier("EmbeddedInstance", "Virt_MemoryPool")}),
    "Number": cim.Property("Number", "uint16"), "Flag": cim.Property("Flag", "boolean"),
    "Text": cim.Property("Text", "string"),
    "System": cim.Property("System", "reference", reference_class="CIM_System"),
    "Systems": cim.Property("Systems", "reference", True, reference_class="CIM_System"),
    "When": cim.Property("When", "datetime"),
})


@pytest.fixture
def called(made: Any, monkeypatch: pytest.MonkeyPatch) -> Calls:
    """What a method of every class is called with; it gives back what it got."""
    calls: Calls = []

    def invoke(self: Any, path: Any, name: str, given: Any) -> Any:
        calls.append((path, name, given, principal.current()))
        return given.get("Number", 0), dict(given)

    monkeypatch.setattr("libvirt_cim.adapter.cimxml_method.find", _find)
    monkeypatch.setattr(Provider, "invoke_method", invoke, raising=False)
    return calls


def _find(mapping: Any, name: str) -> Any:
    return METHOD if name == METHOD.name else cim.find(mapping, name)


def cell(**values: Any) -> pywbem.CIMInstance:
    """An instance to embed."""
    return pywbem.CIMInstance("Virt_MemoryPool", values)


def test_parameters_go_both_ways(client: Any, called: Calls) -> None:
    path, = [each for each in client.EnumerateInstanceNames("Virt_ComputerSystem")
             if each["Name"] == "front1"]
    value, out = client.InvokeMethod("DefineSystem", path, [
        ("SystemSettings", cell(ElementName="1")),
        ("ResourceSettings", [cell(ElementName="2"), cell(ElementName="3")]),
        ("Number", pywbem.Uint16(7)), ("Flag", True), ("Text", "<a> & \u00e9\n\t'\""),
        ("System", path), ("When", pywbem.CIMDateTime("20260101000000.000000+000"))])
    assert value == 7
    assert out["SystemSettings"]["ElementName"] == "1"
    assert [each["ElementName"] for each in out["ResourceSettings"]] == ["2", "3"]
    assert out["Text"] == "<a> & \u00e9\n\t'\"" and out["Flag"] is True
    assert out["System"]["Name"] == path["Name"] and str(out["When"])[:4] == "2026"
    [(target, name, given, who)] = called
    assert target.keys["Name"] == path["Name"] and (name, who) == ("DefineSystem", None)
    assert given["SystemSettings"] == cim.Instance("Virt_MemoryPool", {"ElementName": "1"})
    assert isinstance(given["System"], cim.Path) and given["Number"] == 7


@pytest.mark.parametrize("text", [
    cell(ElementName="1").tocimxmlstr(),
    "\n" + cell(ElementName="1").tocimxmlstr(),
    'instance of Virt_MemoryPool { ElementName = "1"; };',
])
def test_a_plain_string_may_embed_an_instance(client: Any, called: Calls, text: str) -> None:
    client.InvokeMethod("DefineSystem", "Virt_ComputerSystem", [
        ("SystemSettings", text), ("ResourceSettings", [text, text])])
    [(_, _, given, _)] = called
    assert given["SystemSettings"] == cim.Instance("Virt_MemoryPool", {"ElementName": "1"})
    assert given["ResourceSettings"] == [given["SystemSettings"]] * 2


def test_the_class_says_the_types(client: Any, called: Calls) -> None:
    client.InvokeMethod("DefineSystem", "Virt_ComputerSystem", [
        ("number", "12"), ("FLAG", "true"), ("Text", pywbem.Uint8(5)), ("SystemSettings", "")])
    [(_, _, given, _)] = called
    assert given == {"Number": 12, "Flag": True, "Text": "5", "SystemSettings": None}


@pytest.mark.parametrize(("given", "status"), [
    (("Number", "70000"), 4), (("Number", "x"), 4), (("Number", [pywbem.Uint16(1)]), 13),
    (("Other", "x"), 4), (("System", "x"), 13), (("ResourceSettings", cell()), 13),
    (("SystemSettings", "<INSTANCE/>"), 4), (("SystemSettings", "what"), 4),
    (("SystemSettings", "instance of Virt_No { A = 1; };"), 5),
    (("Text", cell()), 13), (("Text", pywbem.CIMInstanceName("CIM_System", {"Name": "x"})), 13),
])
def test_wrong_parameters(client: Any, called: Calls, given: Any, status: int) -> None:
    failing(status, client, "InvokeMethod", "DefineSystem", "Virt_ComputerSystem", [given])
    assert not called


# answers in parts

def instances(number: int, wait: Any = None, error: Any = None) -> Any:
    """A provider's enumeration: so many pools, then it waits, or fails."""
    def enumerate_(self: Any, class_name: str, **_: Any) -> Iterator[cim.Instance]:
        for each in range(number):
            keys = {"InstanceID": f"MemoryPool/{each}"}
            yield cim.Instance(class_name, {**keys, "Caption": "x" * 200},
                               cim.Path(class_name, keys, "root/virt"))
        if wait is not None:
            wait.wait(10)
        if error is not None:
            raise error

    return enumerate_


@pytest.fixture
def gives(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the provider give something else."""
    return lambda *given, **more: monkeypatch.setattr(
        Provider, "enumerate_instances", instances(*given, **more))


def test_the_first_leaves_before_the_last_is_read(made: Any, gives: Any) -> None:
    done = threading.Event()
    gives(300, done)
    with connected(made) as sock:
        sock.sendall(head(headers={"Content-Length": len(ENUMERATE), "Connection": "close",
                                   "CIMMethod": "EnumerateInstances"}) + ENUMERATE)
        first = sock.recv(65536)
        assert not done.is_set() and b"MemoryPool/0" in first
        done.set()
        found = reply(first + everything(sock))
    assert found.headers["transfer-encoding"] == "chunked" and found.body.endswith(b"0\r\n\r\n")
    assert found.body.count(b"<VALUE.NAMEDINSTANCE>") == 300


def test_what_comes_slowly_comes(made: Any, gives: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cimxml_answer, "WAIT", 0.0)
    monkeypatch.setattr(cimxml_answer, "BLOCK", 1)
    gives(5)
    assert len(wbem(made).EnumerateInstances("Virt_MemoryPool")) == 5


def test_an_early_error_is_a_cim_error(client: Any, gives: Any) -> None:
    gives(3, error=cim.Error(cim.Status.FAILED, "odd \x00 \ud800 <&\" text"))
    text = failing(1, client, "EnumerateInstances", "Virt_MemoryPool")
    assert text == 'odd ? ? <&" text'


@pytest.mark.parametrize("error", [cim.Error(cim.Status.FAILED, "gone"), ZeroDivisionError()])
def test_a_late_error_is_no_success(made: Any, client: Any, gives: Any, error: Exception) -> None:
    gives(1000, error=error)
    with pytest.raises(pywbem.ConnectionError):
        client.EnumerateInstances("Virt_MemoryPool")
    with connected(made) as sock:  # nor is it for a client that knows no chunks
        request = head(headers={"Content-Length": len(ENUMERATE),
                                "CIMMethod": "EnumerateInstances"})
        sock.sendall(request.replace(b"HTTP/1.1", b"HTTP/1.0") + ENUMERATE)
        assert b"</CIM>" not in reply(everything(sock)).body


def test_no_traceback_goes_out(made: Any, gives: Any, caplog: pytest.LogCaptureFixture) -> None:
    gives(1, error=ZeroDivisionError("secret"))
    found = sent(made, ENUMERATE, CIMMethod="EnumerateInstances")
    assert found.status == 200 and b'<ERROR CODE="1" ' in found.body
    assert b"secret" not in found.body and b"Traceback" not in found.body
    assert "secret" in caplog.text and "Traceback" in caplog.text


def test_an_answer_has_its_time(made: Any, gives: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    gives(10)
    limits = made.wsgi_app.limits
    monkeypatch.setattr(made.wsgi_app, "limits", type(limits)(answer=0))
    assert b"took too long" in sent(made, ENUMERATE, CIMMethod="EnumerateInstances").body


def test_one_slow_call_stops_nobody(made: Any, gives: Any) -> None:
    done = threading.Event()
    gives(1, done)
    slow = [threading.Thread(target=sent, args=(made, ENUMERATE),
                             kwargs={"CIMMethod": "EnumerateInstances"}) for _ in range(5)]
    for each in slow:
        each.start()
    begun = time.monotonic()
    assert sent(made).status == 200 and time.monotonic() - begun < 2
    assert all(each.is_alive() for each in slow)
    done.set()
    for each in slow:
        each.join()


# the log

def test_one_line_for_each_request(made: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "libvirt_cim.server"):
        sent(made, ENUMERATE, CIMMethod="EnumerateInstances")
        sent(made)
        sent(made, FLY, CIMMethod="Fly", CIMObject=METHOD_TARGET)
        sent(made, b"", "OPTIONS")
        sent(made, b"<x", CIMMethod="A\tB")
        sent(made, message(CALL.replace('="virt"', '="vi&#10;rt"')), CIMObject="root/vi%0Art")
    lines = [record.getMessage().rpartition(" ms")[0].rpartition(" ")[0]
             for record in caplog.records if record.name == "libvirt_cim.server"]
    assert lines == [
        "127.0.0.1 - EnumerateInstances root/virt:Virt_MemoryPool ok",
        "127.0.0.1 - EnumerateClassNames root/virt ok",
        f"127.0.0.1 - Fly {METHOD_TARGET.replace(' ', '?')} 17",
        "127.0.0.1 - OPTIONS - ok",
        "127.0.0.1 - - - 400/request-not-well-formed",
        "127.0.0.1 - EnumerateClassNames root/vi?rt 3",
    ]
