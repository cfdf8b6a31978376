# SPDX-License-Identifier: LGPL-2.1-or-later
"""The CIM-XML server on hosts of libvirt's test driver: one client, eight, and a slow libvirt."""

from __future__ import annotations

import http.client
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import hosts
from measure import ROOT, Figure, Job, Report, least

import libvirt_cim
from libvirt_cim.adapter.cimxml import Encoder

DISK = "Virt_LogicalDisk"
CLIENTS = 8
SLOW = 1.0  # seconds
SERVER = """import sys, time
import libvirt
from libvirt_cim.config import Config, Connection
from libvirt_cim.serve import run

quick = libvirt.virConnect.listAllNetworks

def slow(*arguments):
    time.sleep(float(sys.argv[2]))
    return quick(*arguments)

libvirt.virConnect.listAllNetworks = slow
run(Config([Connection(sys.argv[1])], listen=("127.0.0.1", 0), log_level="error"))
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
        self._connection = http.client.HTTPConnection("127.0.0.1", port)

    def instances(self, class_name: str = DISK) -> int:
        """How many bytes the answer to EnumerateInstances has."""
        self._connection.request("POST", "/cimom", REQUEST.format(class_name), HEADERS)
        answer = self._connection.getresponse().read()
        assert b"<IRETURNVALUE>" in answer, answer[:500]
        return len(answer)


def reports(counts: Sequence[int], seconds: float) -> Iterator[Report]:
    """A table for each number of guests."""
    for count in counts:
        with hosts.host(count) as uri, _served(uri) as port:
            yield _times(uri, port, count, seconds)


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


def _times(uri: str, port: int, count: int, seconds: float) -> Report:
    clients = [Client(port) for _ in range(CLIENTS)]
    with libvirt_cim.connect(uri) as provider, ThreadPoolExecutor(CLIENTS) as pool:
        jobs = _jobs(provider, clients, pool)
        times = least(jobs, seconds, time.perf_counter)
    figures = [
        Figure(f"EnumerateInstances {DISK} over HTTP", times["http"], times["provider"]),
        Figure(f"{CLIENTS} clients at once", times["at once"], times["in turn"], 1.0),
        Figure("while a call of libvirt is slow", _while_slow(port), times["http"], 2.0),
    ]
    return Report(f"server: {count} guests; floor: provider and encoding; {CLIENTS} requests one "
                  "after the other; no slow call", figures)


def _jobs(provider: Any, clients: list[Client], pool: ThreadPoolExecutor) -> dict[str, Job]:
    encoder = Encoder(provider.schema.resolved)
    return {
        "provider": lambda: "".join(map(
            encoder.named_instance, provider.enumerate_instances(DISK))).encode(),
        "http": clients[0].instances,
        "in turn": lambda: [each.instances() for each in clients],
        "at once": lambda: list(pool.map(Client.instances, clients)),
    }


def _while_slow(port: int) -> float:
    """The least time of a request while another waits for a call of libvirt's."""
    other = threading.Thread(target=Client(port).instances, args=("Virt_VirtualEthernetSwitch",))
    other.start()
    client = Client(port)
    client.instances()
    start, times = time.perf_counter(), list[float]()
    while time.perf_counter() < start + SLOW / 2 or not times:
        before = time.perf_counter()
        client.instances()
        times.append(time.perf_counter() - before)
    other.join()
    return min(times)
