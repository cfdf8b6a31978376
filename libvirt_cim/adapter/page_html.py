# SPDX-License-Identifier: LGPL-2.1-or-later
"""HTML as lxml's elements: made, linked, put into the frame and written.

Whatever a text has in it, it is a text: to escape it is lxml's. Knows nothing of CIM but paths.
"""

from __future__ import annotations

import functools
import urllib.parse
from collections.abc import Iterable, Sequence
from typing import Any, Optional, Union

import attrs
from lxml import etree

from .. import resource
from ..cim import Path
from ..tree import Element, carriable

Content = Union[str, Element, Iterable[Any], None]
Link = tuple[str, Optional[str]]  # what is read, and an address


@attrs.frozen
class Sheet:
    """A page without its frame: its title, the way to it, and what is on it."""

    title: str
    trail: Sequence[Link] = ()
    body: Sequence[Element] = ()
    namespace: str = ""


def tag(name: str, /, *content: Content, **attributes: Optional[str]) -> Element:
    """An element; `class_` is its class, `aria_label` its aria-label, None no attribute."""
    given = {key.rstrip("_").replace("_", "-"): plain(value)
             for key, value in attributes.items() if value is not None}
    made = etree.Element(name, given)
    add(made, content)
    return made


def add(parent: Element, content: Content) -> None:
    """Put texts and elements behind what an element has."""
    if isinstance(content, str):
        if len(parent):
            parent[-1].tail = (parent[-1].tail or "") + plain(content)
        else:
            parent.text = (parent.text or "") + plain(content)
    elif etree.iselement(content):
        parent.append(content)
    else:
        for each in content or ():
            add(parent, each)


def plain(text: str) -> str:
    """A text that HTML can carry: what it cannot is U+FFFD."""
    return carriable(text, "\ufffd")


# addresses; the frame puts the place of the application before them

def address(kind: str, namespace: str, class_name: str, **query: str) -> str:
    """Of a page about a class: "class" or "schema"."""
    return _asked(f"/{kind}/{_quoted(namespace)}/{_quoted(class_name)}", query)


def instance_address(path: Path, **query: str) -> str:
    """Of an instance's page."""
    return _asked("/instance", {"path": str(path), **query})


def namespace_address(namespace: str) -> str:
    """Of the first page of a namespace."""
    return _asked("/", {"namespace": namespace})


def _asked(where: str, query: dict[str, str]) -> str:
    text = urllib.parse.urlencode(query, errors="replace", quote_via=urllib.parse.quote)
    return f"{where}?{text}" if text else where


def _quoted(text: str) -> str:
    return urllib.parse.quote(text, errors="replace")


# parts of pages

def link(text: str, where: Optional[str], **attributes: Optional[str]) -> Element:
    """A link, or a text where it leads nowhere."""
    return tag("span" if where is None else "a", text, href=where, **attributes)


def table(caption: str, header: Sequence[str], rows: Iterable[Sequence[Content]],
          sort: Optional[str] = None) -> Element:
    """A table whose rows begin with what they are about; it scrolls where it is too wide."""
    head = tag("tr", (tag("th", each, scope="col", role="columnheader") for each in header),
               role="row")
    body = (tag("tr", tag("th", row[0], scope="row", role="rowheader"),
                (tag("td", each, role="cell") for each in row[1:]), role="row") for row in rows)
    made = tag("table", tag("caption", caption), tag("thead", head, role="rowgroup"),
               tag("tbody", body, role="rowgroup"), class_=sort, role="table")
    return tag("div", made, class_="scroll", role="region", aria_label=caption, tabindex="0")


def items(found: Sequence[Content], most: int = 20) -> Element:
    """A list; what is long begins closed."""
    made = tag("ul", (tag("li", each) for each in found))
    return made if len(found) <= most else folded(f"{len(found)} values", [made])


def folded(summary: str, content: Content) -> Element:
    """What is shown when it is asked for."""
    return tag("details", tag("summary", summary), content)


# the frame

@functools.cache
def _frame() -> bytes:
    return resource.text("page/frame.html").encode()


def page(sheet: Sheet, places: Iterable[str], root: str) -> bytes:
    """A sheet in its frame; `root` is where the application is, `places` are its namespaces."""
    frame: Element = etree.fromstring(_frame())
    frame.find("head/title").text = plain(f"{sheet.title} · libvirt CIM")
    main = frame.find("body/main")
    main[0].text = plain(sheet.title)
    add(main, sheet.body)
    add(frame.find(".//nav[@id='places']"), tag("ul", (
        tag("li", link(each, namespace_address(each),
                       aria_current="true" if each == sheet.namespace else None))
        for each in places)))
    _walked(frame.find(".//nav[@id='trail']"), sheet)
    for each in frame.iter("a", "link", "form"):
        for name in ("href", "action"):
            if each.get(name, "").startswith("/"):
                each.set(name, root + each.get(name))
    return bytes(etree.tostring(frame, method="html", encoding="utf-8",
                                doctype="<!DOCTYPE html>")) + b"\n"


def _walked(trail: Element, sheet: Sheet) -> None:
    """The way to a page, which ends at the page."""
    if not sheet.trail:
        trail.getparent().remove(trail)
        return
    here = tag("li", tag("span", sheet.title, aria_current="page"))
    add(trail, tag("ol", (tag("li", link(*each)) for each in sheet.trail), here))
