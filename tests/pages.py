# SPDX-License-Identifier: LGPL-2.1-or-later
"""The pages for tests: asked through WSGI, read as HTML."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator
from typing import Any, Optional

import served
from lxml import html

from libvirt_cim.adapter.page import Pages
from libvirt_cim.broker import Broker
from libvirt_cim.provider import Provider

OPERATIONS = {"enumerate_instances", "enumerate_class_names", "get_instance", "references",
              "reference_names"}


class OneHost(Broker):
    """A provider behind a broker, which notes what operations it is asked for."""

    def __init__(self, provider: Provider) -> None:
        super().__init__([provider])
        self.provider = provider
        self.asked: set[str] = set()

    def at(self, namespace: Optional[str]) -> Any:
        """What answers, under its name only."""
        return _Noted(super().at(namespace), self.asked)


class _Noted:
    def __init__(self, provider: Any, asked: set[str]) -> None:
        self._provider, self._asked = provider, asked

    def __getattr__(self, name: str) -> Any:
        if callable(getattr(self._provider, name)):
            self._asked.add(name)
        return getattr(self._provider, name)


class Reply(served.Reply):
    """An answer of HTTP that is a page."""

    @property
    def page(self) -> Any:
        """The body as a browser reads it."""
        return html.fromstring(self.body.decode())

    @property
    def title(self) -> str:
        """The heading of the page."""
        return text(self.page.find(".//h1"))

    def links(self) -> list[str]:
        """Where the links of the page lead, but within the page."""
        found = [each.get("href") for each in self.page.iter("a", "link")]
        return [each for each in found if not each.startswith("#")]

    def rows(self, caption: str) -> list[list[Any]]:
        """The rows of a table, as elements."""
        for table in self.page.iter("table"):
            if text(table.find("caption")) == caption:
                return [list(row) for row in table.iterfind("tbody/tr")]
        return []


def text(element: Any) -> str:
    """The text of an element."""
    return str(element.text_content())


def ask(pages: Pages, url: str, method: str = "GET", root: str = "") -> Reply:
    """The answer to a request."""
    parts = urllib.parse.urlsplit(url)
    path = urllib.parse.unquote_to_bytes(parts.path).decode("latin-1")
    assert path.startswith(root)
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path[len(root):], "SCRIPT_NAME": root,
               "QUERY_STRING": parts.query}
    found: list[Any] = []
    body = b"".join(pages(environ, lambda *given: found.append(given)))
    (status, headers), = found
    return Reply(int(status.split()[0]), {name.lower(): value for name, value in headers}, body)


def crawl(pages: Pages, start: str, skip: Any) -> Iterator[tuple[str, Reply]]:
    """All pages that links lead to from one, each once, but those to skip."""
    todo, seen = [start], {start}
    while todo:
        url = todo.pop()
        reply = ask(pages, url)
        yield url, reply
        if reply.status == 200 and reply.headers["content-type"].startswith("text/html"):
            new = [each for each in reply.links() if each not in seen and not skip(each)]
            todo += dict.fromkeys(new)
            seen.update(new)
