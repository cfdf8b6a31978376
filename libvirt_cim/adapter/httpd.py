# SPDX-License-Identifier: LGPL-2.1-or-later
"""cheroot as the server of the application, with what a hostile network asks for besides.

A connection waits without a thread until it sends something, TLS begins in the thread that answers,
a request has a time within which it must have come, and the head of an answer goes out together
with what follows it.
"""

from __future__ import annotations

import logging
import re
import socket
import ssl
import time
from typing import Any, Optional

from cheroot import server, wsgi
from cheroot.makefile import StreamReader, StreamWriter
from cheroot.ssl import Adapter

from .httpd_head import HeaderReader
from .limits import Limits

LOG = logging.getLogger("libvirt_cim.http")
SOFTWARE = "libvirt-cim"


class Timed(socket.SocketIO):
    """A socket's bytes, which must have come or gone before a time, and be no more than so many."""

    def __init__(self, sock: Any, mode: Any, silence: float) -> None:
        super().__init__(sock, mode)
        self._connection, self._silence = sock, silence
        self.until, self.left = time.monotonic() + silence, 0

    def _wait(self) -> None:
        rest = self.until - time.monotonic()
        if rest <= 0:
            raise socket.timeout("timed out")
        self._connection.settimeout(min(rest, self._silence))

    def readinto(self, buffer: Any) -> Optional[int]:
        """As much as is there; OSError if it is too late or too much."""
        self._wait()
        found = super().readinto(buffer)
        self.left -= found or 0
        if self.left < 0:
            raise OSError("Request Entity Too Large")
        return found

    def write(self, data: Any) -> Optional[int]:
        """As much as goes; OSError if it is too late."""
        self._wait()
        return super().write(data)


class Reader(StreamReader):
    """cheroot's reader on a Timed."""

    def __init__(self, timed: Timed, size: int) -> None:
        super(StreamReader, self).__init__(timed, size)
        self.bytes_read = 0


class Writer(StreamWriter):
    """cheroot's writer on a Timed; what is held goes out with what is written next."""

    def __init__(self, timed: Timed, size: int) -> None:
        super(StreamWriter, self).__init__(timed, size)
        self.bytes_written, self.holding, self._held = 0, False, b""

    def write(self, val: Any, *args: Any, **kwargs: Any) -> Any:  # type: ignore[override]
        """Write, or hold it."""
        self._held += val
        if not self.holding:
            data, self._held = self._held, b""
            super().write(data)  # type: ignore[no-untyped-call]
        return len(val)


class Request(server.HTTPRequest):
    """cheroot's request, its head read strictly; that of its answer is no packet of its own."""

    header_reader = HeaderReader()

    def send_headers(self) -> None:
        """Hold the head until there is more, or the end."""
        if self.chunked_read and not getattr(self.rfile, "closed", True):
            self.close_connection = True  # what was not read is no next request
        self.conn.wfile.holding = True
        try:
            super().send_headers()
        finally:
            self.conn.wfile.holding = False

    def respond(self) -> None:
        """Answer, and let out what is still held."""
        super().respond()
        self.conn.wfile.write(b"")


class Connection(server.HTTPConnection):
    """cheroot's connection, its requests within limits of time and size."""

    RequestHandlerClass = Request

    def __init__(self, serving: Server, sock: Any, makefile: Any = None) -> None:
        limits = self.limits = serving.limits
        self._input = Timed(sock, "rb", limits.silence)
        self._output = Timed(sock, "wb", limits.silence)
        super().__init__(serving, sock, self._file)
        self.waited = self.greeted = False

    def _file(self, sock: Any, mode: str, size: int) -> Any:
        return Reader(self._input, size) if "r" in mode else Writer(self._output, size)

    def communicate(self) -> Any:
        """One request and its answer; whether the connection stays open."""
        now, limits = time.monotonic(), self.limits
        self._input.until = now + limits.request
        self._output.until = now + limits.request + limits.answer
        self._input.left = limits.header + 2 * limits.body
        if isinstance(self.socket, ssl.SSLSocket) and not self.greeted:
            if not self._greet():
                return False
        return super().communicate()  # type: ignore[no-untyped-call]

    def _greet(self) -> bool:
        """Begin TLS, and know the client if he has a certificate that we trust."""
        self.greeted = True
        try:
            self.socket.settimeout(self.limits.silence)
            self.socket.do_handshake()
            certificate = self.socket.getpeercert()
        except (OSError, ValueError) as error:
            LOG.info("%s: TLS: %s", self.remote_addr, error)
            return False
        self.ssl_env = {"HTTPS": "on", "wsgi.url_scheme": "https"}
        name = common_name(certificate or {})
        if name:
            self.ssl_env.update(SSL_CLIENT_VERIFY="SUCCESS", SSL_CLIENT_S_DN_CN=name)
        return True


def common_name(certificate: Any) -> str:
    """The one name that a certificate's subject has; nothing if it has none or several."""
    names = [value for part in certificate.get("subject", ()) for key, value in part
             if key == "commonName"]
    return str(names[0]) if len(names) == 1 else ""


class Tls(Adapter):
    """TLS that begins when a thread answers, not when a connection comes."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context

    def bind(self, sock: Any) -> Any:
        """The socket that listens, as it is."""
        return sock

    def wrap(self, sock: Any) -> Any:
        """The socket in TLS, before it has begun."""
        made = self.context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        return made, {}

    def get_environ(self) -> Any:
        """Nothing that is the same for all."""
        return {}

    def makefile(self, sock: Any, mode: str = "r", bufsize: int = -1) -> Any:
        """Not used: a Connection makes its files."""
        raise NotImplementedError


def tls(certificate: str, key: str, client_ca: Optional[str], required: bool) -> ssl.SSLContext:
    """TLS with a certificate; OSError (ssl.SSLError) if the files are not what they should be."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    if client_ca:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
    return context


class Server(wsgi.Server):
    """The server of an application at an address."""

    ConnectionClass = Connection

    def __init__(self, address: tuple[str, int], application: Any, limits: Limits,
                 context: Optional[ssl.SSLContext] = None) -> None:
        self.limits = limits
        super().__init__(address, application, numthreads=limits.threads, max=limits.threads,
                         server_name=SOFTWARE, request_queue_size=128, shutdown_timeout=5)
        self.timeout = limits.silence
        self.max_request_header_size = limits.header
        self.max_request_body_size = limits.body
        self.keep_alive_conn_limit = limits.connections
        if context is not None:
            self.ssl_adapter = Tls(context)

    def prepare(self) -> None:
        """Listen; OSError with the address if that can't be done."""
        try:
            super().prepare()
        except OSError as error:
            host, port = self.bind_addr
            why = re.findall(r"\[Errno -?\d+\] ([^)]*)", str(error)) or [str(error)]
            shown = f"[{host}]" if ":" in host else host
            raise OSError(error.errno or 0, why[-1], f"{shown}:{port}") from None

    def process_conn(self, conn: Any) -> None:
        """Answer a connection that has sent something; one that is new waits for that first."""
        if conn.waited:
            super().process_conn(conn)
        elif not self.can_add_keepalive_connection:
            LOG.warning("%s: too many connections", conn.remote_addr)
            conn.close()
        else:
            conn.waited = True
            self.put_conn(conn)

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:
        """What cheroot has to say goes where all else goes."""
        LOG.log(level, "%s", msg, exc_info=traceback and level >= logging.ERROR)
