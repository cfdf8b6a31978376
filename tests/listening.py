# SPDX-License-Identifier: LGPL-2.1-or-later
"""Listeners for tests: pywbem's, and one that does as it is told; and who subscribes for them."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, Callable, Optional

import pywbem

NAMESPACE = "root/virt"
ALL = "SELECT * FROM CIM_InstIndication"
ACCEPTED = """<?xml version="1.0"?><CIM CIMVERSION="2.0" DTDVERSION="2.0"><MESSAGE ID="1"
PROTOCOLVERSION="1.0"><SIMPLEEXPRSP><EXPMETHODRESPONSE NAME="ExportIndication">{}
</EXPMETHODRESPONSE></SIMPLEEXPRSP></MESSAGE></CIM>"""


def until(found: Callable[[], Any], seconds: float = 30) -> Any:
    """What is found in the end; nothing if that takes too long."""
    end = time.monotonic() + seconds
    while not found() and time.monotonic() < end:
        time.sleep(0.01)
    return found()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])


class Heard(list[Any]):
    """What pywbem's listener has heard, and where it listens."""

    url = ""

    def waited(self, number: int, seconds: float = 30) -> list[str]:
        """The classes of what is heard, once there are so many."""
        until(lambda: len(self) >= number, seconds)
        return [each.classname.partition("System")[2].partition("Ind")[0] for each in self]


@contextlib.contextmanager
def listening(port: Optional[int] = None, **tls: Any) -> Iterator[Heard]:
    """pywbem's listener, on a port of this machine."""
    heard, port = Heard(), port or free_port()
    where = {"https_port": port, **tls} if tls else {"http_port": port}
    heard.url = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
    listener = pywbem.WBEMListener("127.0.0.1", **where)
    listener.add_callback(lambda indication, host: heard.append(indication))
    listener.start()
    try:
        yield heard
    finally:
        listener.stop()


def subscribed(connection: Any, url: str, query: str = ALL, namespaces: Any = NAMESPACE,
               language: str = "WQL", name: str = "one") -> tuple[Any, Any, Any]:
    """A filter, a destination and their subscription that a client has made: their paths."""
    made = pywbem.CIMInstance("CIM_IndicationFilter", {
        "Name": f"filter {name}", "Query": query, "QueryLanguage": language})
    if namespaces:
        made["SourceNamespaces"] = [namespaces]
    filter_ = connection.CreateInstance(made, "interop")
    destination = connection.CreateInstance(pywbem.CIMInstance("CIM_ListenerDestinationCIMXML", {
        "Name": f"listener {name}", "Destination": url}), "interop")
    subscription = connection.CreateInstance(pywbem.CIMInstance("CIM_IndicationSubscription", {
        "Filter": filter_, "Handler": destination}), "interop")
    return filter_, destination, subscription


class Told:
    """A listener of HTTP that answers as it is told; what it was sent, and when."""

    def __init__(self, status: int = 200, body: str = "<IRETURNVALUE/>", wait: float = 0) -> None:
        self.status, self.body, self.wait = status, ACCEPTED.format(body), wait
        self.gone = threading.Event()
        self.heard: list[bytes] = []
        self.headers: list[Any] = []
        told = self

        class Handler(BaseHTTPRequestHandler):
            """Answers one request."""

            def do_POST(self) -> None:
                """Answer as told."""
                told.headers.append(dict(self.headers))
                told.heard.append(self.rfile.read(int(self.headers["Content-Length"])))
                told.gone.wait(told.wait)
                self.send_response(told.status)
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(told.body.encode())

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/indications"

    def __enter__(self) -> Told:
        threading.Thread(target=self._server.serve_forever, args=[0.05], daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.gone.set()
        self._server.shutdown()
        self._server.server_close()
