# SPDX-License-Identifier: LGPL-2.1-or-later
"""The CIM-XML server on hosts with many guests: one client, eight, and a slow libvirt."""

from __future__ import annotations

import os
import selectors
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import hosts
import live
from measure import ROOT, Figure, Job, Report, least

import libvirt_cim
from libvirt_cim.adapter.cimxml import Encoder

DISK, SWITCH = "CIM_LogicalDisk", "{}_VirtualEthernetSwitch"
CLIENTS = 8
SLOW = 1.0  # seconds
SERVER = """import sys, time
import libvirt
from libvirt_cim import serve
from libvirt_cim.adapter.limits import Limits
from libvirt_cim.config import Config, Connection

quick = libvirt.virConnect.listAllNetworks

def slow(*arguments):
    time.sleep(float(sys.argv[2]))
    return quick(*arguments)

libvirt.virConnect.listAllNetworks = slow
serve.refusal = lambda config: None  # the host has been made for the benchmark
serve.run(Config([Connection(sys.argv[1])], listen=("127.0.0.1", 0), log_level="error",
                 limits=Limits(silence=300)))
"""
HEADERS = {"Content-Type": 'application/xml; charset="utf-8"', "CIMOperation": "MethodCall",
           "CIMMethod": "EnumerateInstances", "CIMObject": "root/virt"}
REQUEST = """<?xml version="1.0" encoding="utf-8"?><CIM CIMVERSION="2.0" DTDVERSION="2.0">
<MESSAGE ID="1" PROTOCOLVERSION="1.0"><SIMPLEREQ><IMETHODCALL NAME="EnumerateInstances">
<LOCALNAMESPACEPATH><NAMESPACE NAME="root"/><NAMESPACE NAME="virt"/></LOCALNAMESPACEPATH>
<IPARAMVALUE NAME="ClassName"><CLASSNAME NAME="{}"/></IPARAMVALUE></IMETHODCALL></SIMPLEREQ>
</MESSAGE></CIM>"""


class Client:
    """A connection to the server that stays open."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self._last = self._end = b""

    def ask(self, class_name: str = DISK) -> None:
        """Send a request for all instances of a class."""
        body = REQUEST.format(class_name)
        head = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
        self._last = self._end = b""
        self.socket.sendall(f"POST /cimom HTTP/1.1\r\nHost: localhost\r\n{head}"
                            f"Content-Length: {len(body)}\r\n\r\n{body}".encode())

    def read(self) -> bool:
        """Read what is there of the answer; whether that was its end."""
        data = self.socket.recv(2**20)
        if not self._end:
            assert b"<IRETURNVALUE>" in data, data[:500]
            self._end = b"\r\n0\r\n\r\n" if b"chunked" in data[:1000] else b"</CIM>\n"
        self._last = (self._last + data)[-len(self._end):]
        return self._last == self._end


def at_once(clients: Sequence[Client], class_name: str = DISK) -> None:
    """Ask with all of them; one thread reads all answers, so that clients do not wait in Python."""
    with selectors.DefaultSelector() as selector:
        for each in clients:
            each.ask(class_name)
            selector.register(each.socket, selectors.EVENT_READ, each)
        while selector.get_map():
            for key, _ in selector.select():
                if key.data.read():
                    selector.unregister(key.fileobj)


def in_turn(clients: Sequence[Client]) -> None:
    """Ask with one after the other."""
    for each in clients:
        at_once([each])


def reports(counts: Sequence[int], seconds: float) -> Iterator[Report]:
    """A table for each number of guests of libvirt's test driver."""
    for count in counts:
        with hosts.host(count) as uri:
            yield _report(uri, count, seconds)


def live_reports(counts: Sequence[int], seconds: float) -> Iterator[Report]:
    """The same on a libvirtd of our own."""
    for count, uri in live.hosts(counts):
        yield _report(uri, count, seconds)


@contextmanager
def _served(uri: str) -> Iterator[int]:
    """The port of a server of a host, in a process of its own."""
    process = subprocess.Popen([sys.executable, "-c", SERVER, uri, str(SLOW)], text=True,
                               stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert process.stderr is not None
    try:
        yield int(process.stderr.readline().rpartition(":")[2])
    finally:
        process.terminate()
        process.communicate()


def _report(uri: str, count: int, seconds: float) -> Report:
    with _served(uri) as port, libvirt_cim.connect(uri) as provider:
        clients = [Client(port) for _ in range(CLIENTS)]
        times = least(_jobs(provider, clients), seconds, time.perf_counter)
        switch = SWITCH.format(provider.schema.prefix)
        slow, quick = _while_slow(clients, switch, seconds)
    figures = [
        Figure(f"EnumerateInstances {DISK} over HTTP", times["http"], times["provider"]),
        Figure(f"{CLIENTS} clients at once", times["at once"], times["in turn"], 1.0),
        Figure("while a call of libvirt is slow", slow, quick, 2.0),
    ]
    return Report(f"server: {count} guests of {uri.partition(':')[0]}; floor: provider and "
                  f"encoding; {CLIENTS} requests one after the other; no slow call", figures)


def _jobs(provider: Any, clients: Sequence[Client]) -> dict[str, Job]:
    encoder = Encoder(provider.schema.resolved)
    return {
        "provider": lambda: "".join(map(
            encoder.named_instance, provider.enumerate_instances(DISK))).encode(),
        "http": lambda: at_once(clients[:1]),
        "in turn": lambda: in_turn(clients),
        "at once": lambda: at_once(clients),
    }


def _while_slow(clients: Sequence[Client], switch: str, seconds: float) -> tuple[float, float]:
    """The least time of a request while another waits for a call of libvirt's, and without."""
    slow, quick = list[float](), list[float]()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or not slow:
        quick += _times(clients[0])
        other = threading.Thread(target=at_once, args=(clients[1:2], switch))
        other.start()
        slow += _times(clients[0])
        other.join()
    return min(slow), min(quick)


def _times(client: Client) -> Iterator[float]:
    """How long requests take that begin before a slow call that began now is half done."""
    end = time.perf_counter() + SLOW / 2
    while (start := time.perf_counter()) < end:
        at_once([client])
        yield time.perf_counter() - start
