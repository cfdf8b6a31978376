# SPDX-License-Identifier: LGPL-2.1-or-later
"""The CIM-XML server for tests, in a thread of this process, and how to speak to it by hand."""

from __future__ import annotations

import base64
import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Optional

import bcrypt
import pywbem
from lab import LAB

from libvirt_cim.config import Config, Connection
from libvirt_cim.serve import server

NAMESPACE = "root/virt"


class Reply(NamedTuple):
    """An answer of HTTP: its status, headers by their names in lower case, and body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@contextlib.contextmanager
def serving(config: Config) -> Iterator[Any]:
    """The server of a configuration, on a port of its own of this machine."""
    config.listen = (config.listen[0], 0)
    made = server(config)
    made.shutdown_timeout, made.expiration_interval = 1, 0.05
    made.prepare()
    thread = threading.Thread(target=made.serve, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.stop()
        thread.join()
        made.wsgi_app.close()


def config(*uris: str, **more: Any) -> Config:
    """A configuration of hosts, the lab if none is named."""
    names = ["", *(f"/{number}" for number in range(2, 9))]
    return Config([Connection(uri, NAMESPACE + name)
                   for uri, name in zip(uris or (LAB,), names)], **more)


def wbem(made: Any, **options: Any) -> pywbem.WBEMConnection:
    """pywbem's connection to it."""
    scheme = "https" if made.ssl_adapter else "http"
    host = options.pop("host", "127.0.0.1")
    return pywbem.WBEMConnection(f"{scheme}://{host}:{made.bind_addr[1]}",
                                 default_namespace=NAMESPACE, timeout=20, **options)


def hashed(password: str) -> str:
    """A password as htpasswd -B writes it, quick to check."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode().replace("$2b$", "$2y$")


def basic(text: str) -> str:
    """The header of a name and password."""
    return f"Basic {base64.b64encode(text.encode()).decode()}"


def connected(made: Any, seconds: float = 10) -> socket.socket:
    """A connection without more."""
    return socket.create_connection(made.bind_addr, timeout=seconds)


HEADERS = {"Content-Type": 'application/xml; charset="utf-8"', "CIMOperation": "MethodCall",
           "CIMMethod": "EnumerateClassNames", "CIMObject": "root/virt"}
LOCAL = ('<LOCALNAMESPACEPATH><NAMESPACE NAME="root"/><NAMESPACE NAME="virt"/>'
         "</LOCALNAMESPACEPATH>")
CALL = f'<IMETHODCALL NAME="EnumerateClassNames">{LOCAL}</IMETHODCALL>'


def message(call: str = CALL, cim: str = "2.0", dtd: str = "2.0", version: str = "1.0",
            request: str = "SIMPLEREQ") -> bytes:
    """A message around a call."""
    return (f'<?xml version="1.0" encoding="utf-8"?><CIM CIMVERSION="{cim}" DTDVERSION="{dtd}">'
            f'<MESSAGE ID="7" PROTOCOLVERSION="{version}"><{request}>{call}</{request}></MESSAGE>'
            "</CIM>").encode()


def head(method: str = "POST", headers: Optional[Mapping[str, Any]] = None) -> bytes:
    """The head of a request; headers that are None are left out."""
    given = {"Host": "localhost", **HEADERS, **(headers or {})}
    lines = [f"{name}: {value}" for name, value in given.items() if value is not None]
    return "\r\n".join([f"{method} /cimom HTTP/1.1", *lines, "", ""]).encode("latin-1")


def sent(made: Any, body: bytes = message(), method: str = "POST", **headers: Any) -> Reply:
    """The answer to one request; `_` in a header's name stands for `-`."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    with connected(made) as sock:
        sock.sendall(head(method, {"Content-Length": len(body), "Connection": "close", **given})
                     + body)
        return reply(everything(sock))


def everything(sock: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    found = b""
    with contextlib.suppress(ConnectionResetError):
        while block := sock.recv(65536):
            found += block
    return found


def reply(data: bytes) -> Reply:
    """An answer taken apart, its body as it was sent."""
    first, _, body = data.partition(b"\r\n\r\n")
    status, *lines = first.decode("latin-1").split("\r\n")
    assert status.startswith("HTTP/1."), data[:200]
    pairs = (line.partition(":") for line in lines)
    return Reply(int(status.split()[1]), {name.lower(): value.strip() for name, _, value in pairs},
                 body)
