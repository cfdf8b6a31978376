# SPDX-License-Identifier: LGPL-2.1-or-later
"""CIM-XML over HTTP (DSP0200 1.4) as a WSGI application: any WSGI server can run it.

What a browser asks for (GET, HEAD) is answered with pages.

Who asks is known by HTTP's Basic authentication, or by a client certificate that the server has
verified (SSL_CLIENT_VERIFY, SSL_CLIENT_S_DN_CN). No mistake of ours reaches a client as more than a
CIM error.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Callable, Optional

from .. import enumeration, principal
from ..broker import Broker
from ..cim import Error, Path, Status
from ..enumeration import Contexts
from ..service.indication import Indications
from ..session import OPERATIONS, Session
from . import access, cimxml_http, cimxml_message, cimxml_method, cimxml_operation
from .access import Access
from .cimxml import Encoder
from .cimxml_answer import LOG, Answer, Entry
from .cimxml_http import Environ, Headers, Wire
from .cimxml_message import Call, Refused
from .limits import Limits
from .page import READS, Pages

Start = Callable[[str, Headers], Any]
REALM = 'Basic realm="libvirt-cim", charset="UTF-8"'


class Application:
    """Answers with what a broker's providers say; `close` ends what clients have open."""

    def __init__(
        self, broker: Broker, allowed: Access, limits: Optional[Limits] = None, host: str = ""
    ) -> None:
        self.broker, self.access = broker, allowed
        self.indications: Optional[Indications] = None
        self.limits = Limits() if limits is None else limits
        self.contexts = Contexts(enumeration.Limits(in_all=self.limits.enumerations))
        self._host = host or socket.getfqdn()
        self._encoders: dict[tuple[str, bool], Encoder] = {}
        self._pages = Pages(broker)

    def __call__(self, environ: Environ, start_response: Start) -> Iterable[bytes]:
        entry = Entry(client=str(environ.get("REMOTE_ADDR") or "-"))
        wire = Wire(environ)
        try:
            if environ.get("REQUEST_METHOD") == "OPTIONS":
                entry.operation, entry.status = "OPTIONS", "ok"
                entry.write()
                start_response("200 OK", cimxml_http.options())
                return []
            if environ.get("REQUEST_METHOD") in READS:
                return self._page(environ, entry, start_response)
            wire = cimxml_http.wire(environ)
            answer = self._answer(wire, entry)
        except Refused as refused:
            return _refuse(refused, wire, entry, start_response)
        except Exception as mistake:
            LOG.error("a mistake in libvirt_cim", exc_info=mistake)
            return _refuse(Refused("500 Internal Server Error"), wire, entry, start_response)
        headers, size = wire.answer(), answer.size()
        if size is not None:
            headers.append(("Content-Length", str(size)))
        start_response("200 OK", headers)
        return answer

    def _page(self, environ: Environ, entry: Entry, start: Start) -> Iterable[bytes]:
        """A page, to whom CIM-XML is answered too: all that he may do at least is to read."""
        entry.operation = str(environ["REQUEST_METHOD"])
        entry.target = str(environ.get("PATH_INFO") or "/")
        entry.principal = self._principal(environ)

        def started(status: str, headers: Headers) -> Any:
            entry.status = "ok" if status.startswith("200") else status[:3]
            return start(status, headers)

        with principal.acting(entry.principal):
            found = self._pages(environ, started)
        entry.write()
        return found

    def _answer(self, wire: Wire, entry: Entry) -> Answer:
        entry.principal = self._principal(wire.environ)
        wire.check()
        call = cimxml_message.read(cimxml_http.body(wire.environ, self.limits.body))
        cimxml_message.check_headers(call, wire.header("CIMMethod"), wire.header("CIMObject"))
        entry.operation = call.name
        entry.target = call.target
        return Answer(call, self._texts(call, entry), entry, self.limits.answer)

    def _principal(self, environ: Environ) -> Optional[str]:
        """Who asks; Refused if he does not say it, or if it is not true."""
        if environ.get("SSL_CLIENT_VERIFY") == "SUCCESS" and environ.get("SSL_CLIENT_S_DN_CN"):
            return str(environ["SSL_CLIENT_S_DN_CN"])
        users = self.access.users
        given = access.credentials(environ.get("HTTP_AUTHORIZATION", ""))
        if users is not None and given is not None and users.right(*given):
            return given[0]
        if users is not None or self.access.open_role is None:
            raise Refused("401 Unauthorized", "", "a name and its password are needed")
        return None

    def close(self) -> None:
        """Let go of the hosts, of all enumerations that are open, and tell nobody anything more."""
        if self.indications is not None:
            self.indications.close()
        self.contexts.close()
        self.broker.close()

    # one call

    def _texts(self, call: Call, entry: Entry) -> Iterator[str]:
        """The elements of the answer; errors are raised as it is read."""
        if call.path is None:
            yield from self._operation(call, entry)
        else:
            yield self._method(call, entry)

    def _operation(self, call: Call, entry: Entry) -> Iterator[str]:
        name = cimxml_operation.operation(call.name)
        role = cimxml_operation.OPERATIONS[name].role
        self.access.allow(entry.principal, role, name)
        arguments = cimxml_operation.arguments(call)
        entry.target = _target(arguments, role == access.WRITE)
        provider, method = self.broker.at(call.namespace), cimxml_operation.method(name)
        if method in OPERATIONS:
            provider = Session(provider, self.contexts, entry.principal)
        answer = getattr(provider, method, None)
        if answer is None:
            raise Error(Status.NOT_SUPPORTED, f"{name} is not supported")
        found = answer(**arguments)
        told = arguments.get("include_class_origin") or getattr(found, "class_origin", False)
        encoder = self.encoder(call.namespace, bool(told))
        yield from cimxml_operation.answered(name, found, encoder, arguments)

    def _method(self, call: Call, entry: Entry) -> str:
        self.access.allow(entry.principal, access.needed(call.name), call.name)
        classes = self.broker.classes(call.namespace)
        method = cimxml_method.declared(call, classes)
        given = cimxml_method.arguments(call, method, classes)
        invoke = getattr(self.broker.at(call.namespace), "invoke_method", None)
        if invoke is None:
            raise Error(Status.METHOD_NOT_AVAILABLE, f"{method.name} is not available")
        value, out = invoke(call.path, method.name, given)
        return cimxml_method.answered(method, value, out, self.encoder(call.namespace))

    def encoder(self, namespace: str, origins: bool = False) -> Encoder:
        """What writes the instances of a namespace's classes."""
        name = namespace.lower()
        if (name, origins) not in self._encoders:
            self._encoders[name, origins] = Encoder(
                self.broker.classes(name), self.broker.qualifiers(name), self._host,
                origins=origins)
        return self._encoders[name, origins]


def _target(arguments: Mapping[str, Any], whole: bool) -> str:
    """What an operation is about, for the log: the class, or the whole path of what it changes."""
    for name in ("class_name", "instance_name", "object_name", "new_instance",
                 "modified_instance"):
        if name in arguments:
            found = arguments[name]
            path = found if isinstance(found, Path) else getattr(found, "path", None)
            if whole and path is not None:
                return str(path)
            return f"{arguments['namespace']}:{getattr(found, 'class_name', found)}"
    return str(arguments["namespace"])


def _refuse(refused: Refused, wire: Wire, entry: Entry, start: Start) -> Iterable[bytes]:
    """What HTTP's status answers, with DSP0200's word for it."""
    body = f"{refused.why}\n".encode("utf-8", "replace") if refused.why else b""
    headers = [*wire.refusal(refused.cim_error), ("Content-Length", str(len(body))),
               ("Content-Type", "text/plain; charset=utf-8")]
    if refused.status.startswith("401"):
        headers.append(("WWW-Authenticate", REALM))
    if refused.status.startswith("405"):
        headers.append(("Allow", cimxml_http.METHODS))
    start(refused.status, headers)
    entry.status = "/".join(filter(None, (refused.status[:3], refused.cim_error)))
    entry.write()
    return [] if wire.environ.get("REQUEST_METHOD") == "HEAD" else [body]
