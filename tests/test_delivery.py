# SPDX-License-Identifier: LGPL-2.1-or-later
"""Indications on their way: in order, again where it fails, and nobody waits for a listener."""

from __future__ import annotations

import logging
import socket
import threading
import time
import urllib.parse
from collections.abc import Iterator
from typing import Any, Callable

import pytest
from listening import Told, free_port, listening, until

from libvirt_cim.adapter import cimxml_export
from libvirt_cim.adapter.cimxml import Encoder
from libvirt_cim.adapter.cimxml_export import Exporter
from libvirt_cim.cim import Error, Instance
from libvirt_cim.schema import load
from libvirt_cim.service import delivery
from libvirt_cim.service.delivery import Delivery, Sent

NAME = "Virt_ComputerSystemCreatedIndication"


def sent(url: str = "", number: int = 0) -> Sent:
    source = Instance("Virt_ComputerSystem", {"Name": f"<web & {number}>", "EnabledState": 2})
    return Sent(url, "root/virt", Instance(NAME, {
        "SourceInstance": source, "IndicationTime": "20260101000000.000000+000"}))


class Post:
    """A way to listeners that fails as it is told."""

    def __init__(self, *failures: Any) -> None:
        self.failures, self.arrived = list(failures), list[int]()
        self.attempts = 0

    def __call__(self, sent: Sent) -> None:
        """Fail as told, and then no more."""
        self.attempts += 1
        if self.failures:
            raise self.failures.pop(0)
        self.arrived.append(sent.indication["SequenceNumber"])


@pytest.fixture
def delivering() -> Iterator[Callable[..., Delivery]]:
    made: list[Delivery] = []

    def make(send: Any, retries: int = 3, interval: float = 0.01) -> Delivery:
        made.append(Delivery(send, retries, interval))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_in_order_and_numbered(delivering: Any) -> None:
    post = Post()
    way = delivering(post)
    given = [sent() for _ in range(20)]
    for each in given:
        way.put("a", each)
    assert until(lambda: len(post.arrived) == 20) and post.arrived == list(range(20))
    assert len({each.indication["SequenceContext"] for each in given}) == 1
    other = sent()
    way.put("b", other)
    assert other.indication["SequenceNumber"] == 0
    assert other.indication["SequenceContext"] != given[0].indication["SequenceContext"]


def test_what_fails_is_sent_again(
    delivering: Any, caplog: pytest.LogCaptureFixture
) -> None:
    post = Post(OSError("gone"), Error(1, "not now"), OSError("gone"))
    way = delivering(post)
    with caplog.at_level(logging.INFO, "libvirt_cim.indications"):
        way.put("a", sent("http://x"))
        assert until(lambda: post.arrived == [0] and len(caplog.messages) > 1)
    assert caplog.messages == ["listener a is not reached: http://x: gone",
                               "listener a is reached again; 0 indications were lost"]


def test_after_the_last_attempt_it_is_lost(
    delivering: Any, caplog: pytest.LogCaptureFixture
) -> None:
    post = Post(*[OSError("gone")] * 8)
    way = delivering(post)
    with caplog.at_level(logging.INFO, "libvirt_cim.indications"):
        for number in range(3):
            way.put("a", sent("http://x", number))
        assert until(lambda: post.arrived == [2] and len(caplog.messages) > 1)
    assert post.attempts == 9  # four for each of the first two
    assert caplog.messages[1:] == ["listener a is reached again; 2 indications were lost"]


def test_a_mistake_of_ours_stops_nothing(
    delivering: Any, caplog: pytest.LogCaptureFixture
) -> None:
    post = Post(ZeroDivisionError())
    way = delivering(post)
    way.put("a", sent())
    way.put("a", sent())
    assert until(lambda: post.arrived == [1]) and "a mistake in libvirt_cim" in caplog.text


def test_no_more_wait_than_fit(
    delivering: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What is lost is told, once."""
    monkeypatch.setattr(delivery, "MANY", 10)
    go, post = threading.Event(), Post()

    def slow(each: Sent) -> None:
        go.wait(60)
        post(each)

    way = delivering(slow)
    for _ in range(30):
        way.put("a", sent())
    go.set()
    assert until(lambda: post.arrived[-1:] == [29])
    assert post.arrived[-10:] == list(range(20, 30)) and len(post.arrived) <= 11
    lost = 30 - len(post.arrived)
    assert caplog.messages == [f"listener a is reached; {lost} indications were lost"]


def test_one_that_is_slow_keeps_no_other_waiting(delivering: Any) -> None:
    go, post = threading.Event(), Post()

    def one_slow(each: Sent) -> None:
        if each.url == "slow":
            go.wait(60)
        post(each)

    way = delivering(one_slow)
    began = time.monotonic()
    way.put("slow", sent("slow"))
    way.put("quick", sent("quick"))
    assert until(lambda: post.arrived == [0]) and time.monotonic() - began < 80
    go.set()


def test_who_is_not_kept_is_told_nothing_more(delivering: Any) -> None:
    post = Post(*[OSError("gone")] * 99)
    way = delivering(post, interval=60)
    for name in ("a", "b"):
        way.put(name, sent())
    assert until(lambda: post.attempts == 2)
    way.keep(["b"])
    way.close()
    assert until(lambda: not [each for each in threading.enumerate()
                              if each.name in ("listener a", "listener b")])
    assert post.attempts == 2


# by HTTP

@pytest.fixture(scope="module")
def export() -> Exporter:
    encoder = Encoder(load().resolved, load().qualifiers)
    return Exporter(lambda namespace: encoder)


def test_the_message_and_its_headers(export: Exporter) -> None:
    with Told() as told:
        export(sent(told.url))
    (headers,), (body,) = told.headers, told.heard
    assert headers["CIMExport"] == "MethodRequest"
    assert headers["CIMExportMethod"] == "ExportIndication"
    assert headers["Content-Type"] == 'application/xml; charset="utf-8"'
    text = body.decode()
    assert '<EXPMETHODCALL NAME="ExportIndication"><EXPPARAMVALUE NAME="NewIndication">' \
        f'<INSTANCE CLASSNAME="{NAME}">' in text
    assert 'EmbeddedObject="object"' in text


def test_pywbem_understands_it(export: Exporter) -> None:
    with listening() as heard:
        export(sent(heard.url, 7))
        assert heard.waited(1) == ["Created"]
    source = heard[0]["SourceInstance"]
    assert (source.classname, source["Name"], source["EnabledState"]) == (
        "Virt_ComputerSystem", "<web & 7>", 2)


@pytest.mark.parametrize(("status", "body", "text"), [
    (500, "", "HTTP status 500"), (404, "", "HTTP status 404"), (302, "", "HTTP status 302"),
    (200, '<ERROR CODE="1" DESCRIPTION="the\nqueue is full"/>', "CIM status 1: the queue is full"),
])
def test_what_a_listener_has_against_it(
    export: Exporter, status: int, body: str, text: str
) -> None:
    with Told(status, body) as told, pytest.raises((OSError, Error), match=text):
        export(sent(told.url))


@pytest.mark.parametrize(("body", "text"), [
    ("hello", "the listener's answer is no CIM-XML"),
    ("<CIM/>", "the listener's answer is none to an indication"),
    ('<!DOCTYPE a [<!ENTITY b "c">]><CIM>&b;</CIM>', "the listener's answer is no CIM-XML"),
])
def test_answers_that_are_none(export: Exporter, body: str, text: str) -> None:
    with Told() as told:
        told.body = body
        with pytest.raises(Error, match=text):
            export(sent(told.url))


def test_nobody_listens(export: Exporter) -> None:
    with pytest.raises(OSError, match="refused"):
        export(sent(f"http://127.0.0.1:{free_port()}"))
    with pytest.raises(OSError):
        export(sent("http://no.such.host.invalid:5990"))


@pytest.mark.parametrize(("url", "where"), [
    ("http://[::1]", ("::1", 80)), ("https://[fe80::abcd]/x", ("fe80::abcd", 443)),
    ("http://host", ("host", 80)), ("https://[::1]:5990", ("::1", 5990)),
])
def test_where_it_goes(url: str, where: tuple[str, int]) -> None:
    made = cimxml_export._connection(urllib.parse.urlsplit(url))
    assert (made.host, made.port) == where


def test_what_speaks_something_else(export: Exporter) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(OSError, match="no answer of HTTP|reset|Broken pipe"):
            export(sent(f"http://127.0.0.1:{server.getsockname()[1]}"))


@pytest.mark.parametrize(("scheme", "limit", "said"), [
    ("http", "SILENCE", b""), ("http", "ALL", b"HTTP/1.1 " * 20),
    ("https", "SILENCE", b""), ("https", "ALL", b"\x16\x03\x03\x20\x00" + b"\x02" * 200),
])
def test_who_answers_slowly_is_not_waited_for(
    export: Exporter, monkeypatch: pytest.MonkeyPatch, scheme: str, limit: str, said: bytes
) -> None:
    monkeypatch.setattr(cimxml_export, limit, 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                for number in range(200):
                    time.sleep(0.05)
                    try:
                        connection.sendall(said[number:number + 1])
                    except OSError:
                        return

        threading.Thread(target=drip, daemon=True).start()
        began = time.monotonic()
        with pytest.raises(OSError):
            export(sent(f"{scheme}://127.0.0.1:{server.getsockname()[1]}"))
        assert time.monotonic() - began < 8


def test_tls_knows_whom_it_speaks_to(
    export: Exporter, pki: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = pki["server"]
    with listening(certfile=server.file, keyfile=server.key_file) as heard:
        with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
            export(sent(heard.url))
        monkeypatch.setenv("SSL_CERT_FILE", pki["ca"].file)
        export(sent(heard.url))
        assert heard.waited(1) == ["Created"]
