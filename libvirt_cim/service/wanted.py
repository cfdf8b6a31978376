# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the elements below <indications> say: which events are wanted, and where they go.

Knows the elements and the queries in them; nothing of who keeps them.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator

from ..cim import Error
from ..schema import Schema
from ..selection import Selection
from ..tree import Element

INDICATION = "CIM_Indication"
ELEMENTS = ("filter", "destination")  # that a <subscription> names


def mistake(schema: Schema, element: Element) -> str:
    """What is wrong with a filter where those classes are; nothing if it can be used."""
    try:
        asked = selection(schema, element)
    except Error as error:
        return error.text
    name = schema.name(asked.query.class_name)
    return "" if schema.is_a(name, INDICATION) else f"{name} is no indication"


def selection(schema: Schema, element: Element) -> Selection:
    """What a <filter> lets through, or the error that is in it."""
    query = element.find("query")
    assert query is not None
    return Selection(schema, query.get("language", ""), query.text or "")


def sources(element: Element) -> list[str]:
    """The namespaces whose events a <filter> is about; none: all."""
    names = [each.text or "" for each in element.iterchildren("namespace")]
    return names or [each for each in [element.get("namespace")] if each]


def right(url: str) -> bool:
    """Whether indications can be sent there: HTTP, if it does not say what (DSP0200)."""
    try:
        parts = urllib.parse.urlsplit(whole(url))
        (parts.hostname or "").encode("idna")  # as it is done to find the host
        return (parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
                and url.isprintable() and url.isascii() and " " not in url
                and parts.username is None)
    except ValueError:
        return False


def whole(url: str) -> str:
    """A destination with its scheme."""
    return url if "://" in url else f"http://{url}"


def subscribed(root: Element) -> Iterator[tuple[Element, Element, Element]]:
    """Each <subscription> that is enabled, with its <filter> and <destination>."""
    named = {(each.tag, each.get("name")): each for each in root}
    for each in root.iterchildren("subscription"):
        filter_, destination = (named.get((tag, each.get(tag))) for tag in ELEMENTS)
        if each.get("state") == "enabled" and filter_ is not None and destination is not None:
            yield each, filter_, destination
