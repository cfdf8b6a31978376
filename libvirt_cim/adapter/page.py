# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the hosts have, as pages for a browser: a WSGI application that only reads.

Knows addresses and HTTP. Who may see the pages is for whoever mounts it to say.
"""

from __future__ import annotations

import logging
import urllib.parse
from collections.abc import Iterable, Mapping
from typing import Any, Callable

import attrs

from .. import resource
from ..broker import Broker
from ..cim import Error, Path, Status, find, invalid, parse_path
from .page_html import Sheet, page, tag
from .page_instance import associations, instance
from .page_place import Place
from .page_views import declaration, instances, overview

LOG = logging.getLogger("libvirt_cim.page")
Start = Callable[[str, list[tuple[str, str]]], Any]
HTML, TEXT, CSS = (f"text/{kind}; charset=utf-8" for kind in ("html", "plain", "css"))
READS = ("GET", "HEAD")
_POLICY = ("default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; "
           "frame-ancestors 'none'")
_HEADERS = [
    ("Content-Security-Policy", _POLICY), ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"), ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
]
_REASONS = {  # of what a host says; all else is that it cannot say it
    Status.ACCESS_DENIED: "403 Forbidden", Status.INVALID_NAMESPACE: "404 Not Found",
    Status.INVALID_PARAMETER: "400 Bad Request", Status.INVALID_CLASS: "404 Not Found",
    Status.NOT_FOUND: "404 Not Found", Status.NOT_SUPPORTED: "501 Not Implemented",
    Status.TYPE_MISMATCH: "400 Bad Request",
}


@attrs.frozen
class Asked:
    """A request: the parts of its path and the parameters of its query, each once."""

    parts: list[str]
    query: Mapping[str, str]

    def number(self, name: str) -> int:
        """A parameter that is a number, 0 if it is not there."""
        text = self.query.get(name, "0")
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise invalid(f"{name}={text!r} is no number")
        return int(text)


class Missing(Exception):
    """There is no such page."""


class Pages:
    """The application. Nothing is kept between two requests."""

    def __init__(self, hosts: Broker) -> None:
        self.hosts = hosts

    def __call__(self, environ: Mapping[str, Any], start_response: Start) -> Iterable[bytes]:
        status, kind, body = self._answer(environ)
        headers = [*_HEADERS, ("Content-Type", kind), ("Content-Length", str(len(body)))]
        if status.startswith("405"):
            headers.append(("Allow", ", ".join(READS)))
        start_response(status, headers)
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]

    def _answer(self, environ: Mapping[str, Any]) -> tuple[str, str, bytes]:
        """The status, type and text of the answer."""
        if environ.get("REQUEST_METHOD") not in READS:
            return "405 Method Not Allowed", TEXT, b"pages are only read\n"
        root = urllib.parse.quote(environ.get("SCRIPT_NAME", ""), encoding="latin-1")
        try:
            asked = _asked(environ)
            if asked.parts == ["style.css"]:
                return "200 OK", CSS, resource.text("page/style.css").encode()
            return "200 OK", HTML, page(self._sheet(asked), self.hosts.namespaces, root)
        except Missing:
            return "404 Not Found", TEXT, b"there is no such page\n"
        except UnicodeError:
            return "400 Bad Request", TEXT, b"the address is not UTF-8\n"
        except Error as error:
            return self._refused(error, root)
        except Exception as mistake:
            LOG.error("a mistake in libvirt_cim", exc_info=mistake)
            return "500 Internal Server Error", TEXT, b"a mistake in libvirt_cim: see its log\n"

    def _refused(self, error: Error, root: str) -> tuple[str, str, bytes]:
        status = _REASONS.get(error.status, "503 Service Unavailable")
        told = tag("p", error.text, class_="error", role="alert")
        sheet = Sheet(error.status.symbol, [("Start", "/")], [told])
        return status, HTML, page(sheet, self.hosts.namespaces, root)

    def _sheet(self, asked: Asked) -> Sheet:
        if asked.parts == [""]:
            return overview(Place.of(self.hosts, asked.query.get("namespace")))
        if asked.parts == ["instance"]:
            return self._instance(asked)
        kind, *names, class_name = asked.parts if len(asked.parts) > 2 else ["", ""]
        if kind not in ("class", "schema"):
            raise Missing
        place = Place.of(self.hosts, "/".join(names))
        if kind == "schema":
            return declaration(place, class_name)
        return instances(place, class_name, asked.number("from"), asked.query.get("name", ""))

    def _instance(self, asked: Asked) -> Sheet:
        path = parse_path(asked.query.get("path", ""))
        place = Place.of(self.hosts, path.namespace)
        if not path.keys:
            return instances(place, path.class_name, 0, "")
        path = _typed(place, attrs.evolve(path, namespace=place.namespace, host=None))
        if "through" in asked.query:
            return associations(place, path, asked.query["through"], asked.number("from"))
        return instance(place, path)


def _typed(place: Place, path: Path) -> Path:
    """A path with the name of its class as it is declared, and its ends as paths."""
    schema = place.schema(path.class_name)
    name = schema.name(path.class_name)
    rows = schema.resolved(name).properties
    keys = dict(path.keys)
    for key, value in keys.items():
        row = find(rows, key)
        if row is not None and row.type == "reference" and isinstance(value, str):
            keys[key] = parse_path(value)
    return attrs.evolve(path, class_name=name, keys=keys)


def _asked(environ: Mapping[str, Any]) -> Asked:
    """What a request asks for; UnicodeError where it is not UTF-8."""
    where = environ.get("PATH_INFO", "").encode("latin-1").decode()
    pairs = urllib.parse.parse_qsl(
        environ.get("QUERY_STRING", ""), keep_blank_values=True, errors="strict")
    query: dict[str, str] = {}
    for name, value in pairs:
        query.setdefault(name, value)
    return Asked(where.strip("/").split("/"), query)
