# SPDX-License-Identifier: LGPL-2.1-or-later
"""An indication sent to a listener: ExportIndication by HTTP (DSP0200 1.4, DSP0201 2.4).

Knows one message and its answer; when it is sent again is for others to decide.
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import socket
import ssl
import threading
import urllib.parse
from typing import Callable

from .. import tree
from ..cim import Error, Instance, Status
from ..service.delivery import Sent
from .cimxml import Encoder

METHOD = "ExportIndication"
SILENCE, ALL = 10.0, 30.0  # seconds that a listener may be silent, and take in all
LONGEST = 64 * 1024  # bytes of its answer
HEADERS = {"Content-Type": 'application/xml; charset="utf-8"', "Accept": "application/xml",
           "CIMExport": "MethodRequest", "CIMExportMethod": METHOD}


class Exporter:
    """Sends indications; `encoder` gives what writes instances of a namespace's classes."""

    def __init__(self, encoder: Callable[[str], Encoder]) -> None:
        self._encoder = encoder
        self._ids = itertools.count(1)

    def __call__(self, sent: Sent) -> None:
        """Send one; OSError or cim.Error says why it did not arrive."""
        data = message(self._encoder(sent.namespace), sent.indication, next(self._ids))
        try:
            status, body = posted(sent.url, data)
        except http.client.HTTPException as error:
            raise OSError(f"no answer of HTTP: {type(error).__name__}") from None
        if status != http.client.OK:
            raise OSError(f"HTTP status {status}")
        refusal(body)


def message(encoder: Encoder, indication: Instance, number: int) -> bytes:
    """The message that brings an indication."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<CIM CIMVERSION="2.0" DTDVERSION="2.0">'
        f'<MESSAGE ID="{number}" PROTOCOLVERSION="1.0"><SIMPLEEXPREQ>'
        f'<EXPMETHODCALL NAME="{METHOD}"><EXPPARAMVALUE NAME="NewIndication">'
        f"{encoder.instance(indication)}</EXPPARAMVALUE></EXPMETHODCALL></SIMPLEEXPREQ></MESSAGE>"
        "</CIM>\n").encode()


def posted(url: str, data: bytes) -> tuple[int, bytes]:
    """The status and the body that answer a POST; nothing is followed, and nobody waits for ever.
    """
    parts = urllib.parse.urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = _connection(parts)
    stream = socket.create_connection((connection.host, connection.port), SILENCE)
    with contextlib.closing(connection), stream.dup() as same:
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # head and body are apart
        connection.sock = stream
        last = threading.Timer(ALL, _broken, [same])  # TLS takes the other one's place
        last.daemon = True
        last.start()
        try:
            if parts.scheme == "https":
                connection.sock = ssl.create_default_context().wrap_socket(
                    stream, server_hostname=connection.host)
            connection.request("POST", target, data, HEADERS)
            answer = connection.getresponse()
            return answer.status, answer.read(LONGEST)
        finally:
            last.cancel()


def _connection(parts: urllib.parse.SplitResult) -> http.client.HTTPConnection:
    """Where to, not open yet. A port is always given: '::1' is no host and port 1."""
    usual = 443 if parts.scheme == "https" else 80
    made = http.client.HTTPConnection(parts.hostname or "", parts.port or usual)
    made.default_port = usual  # which is not told
    return made


def _broken(stream: socket.socket) -> None:
    """End what takes too long: the thread that waits for it gets an error."""
    with contextlib.suppress(OSError):
        stream.shutdown(socket.SHUT_RDWR)


def refusal(body: bytes) -> None:
    """cim.Error with what a listener has to say against an indication, if it has."""
    try:
        root = tree.parse(body, "the listener's answer")
    except Error:
        raise Error(Status.FAILED, "the listener's answer is no CIM-XML") from None
    found = root.find(".//EXPMETHODRESPONSE")
    if found is None:
        raise Error(Status.FAILED, "the listener's answer is none to an indication")
    error = found.find("ERROR")
    if error is not None:
        text = " ".join((error.get("DESCRIPTION") or "").split())[:200]
        raise Error(Status.FAILED, f"CIM status {error.get('CODE')}: {text}")
