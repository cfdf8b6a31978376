# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pages of classes: what a namespace has, the instances of a class, a declaration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Callable, Optional

from ..cim import Instance
from ..explain import explain
from ..tree import Element
from .page_html import Content, Sheet, address, items, link, table, tag
from .page_place import LIMIT, Kind, Place, kinds
from .page_value import label


def overview(place: Place) -> Sheet:
    """The instances that are looked for first; links to all classes that have some."""
    names = place.provider.enumerate_class_names(
        None, namespace=place.namespace, deep_inheritance=True)
    left = [name for name in names if name in place.schema(name).tables]
    body: list[Element] = []
    index: list[Sequence[Content]] = []
    for kind in kinds():
        classes = [name for name in left if place.kind(name) is kind]
        if kind.shown:
            body += _section(place, kind, classes)
        if classes:
            index.append((kind.title, items([place.to_class(each) for each in classes], LIMIT)))
    others = [place.to_class(name) for name in left if place.kind(name) is None]
    if others:
        index.append(("Associations", items(others, LIMIT)))
    body.append(tag("h2", "Classes"))
    body.append(table("Classes that may have instances", ("kind", "classes"), index, "index"))
    return Sheet(place.namespace, [], body, place.namespace)


def _section(place: Place, kind: Kind, classes: Sequence[str]) -> Iterator[Element]:
    found: list[Instance] = []
    for name in classes:
        found += islice(place.instances(name, kind), LIMIT + 1 - len(found))
    if found:
        yield tag("h2", kind.title)
        yield place.list(kind.title, found[:LIMIT], kind)
    if len(found) > LIMIT:
        yield tag("p", "There are more: ", [[place.to_class(each), " "] for each in classes],
                  class_="more")


def instances(place: Place, class_name: str, start: int, part: str) -> Sheet:
    """The instances of a class whose short names have a part, from some number on."""
    name = place.schema(class_name).name(class_name)
    kind = place.kind(name)
    found = (each for each in place.instances(name, kind)
             if not part or part.casefold() in _label(place, each).casefold())
    got = list(islice(found, start, start + LIMIT + 1))
    query = {"name": part} if part else {}
    body = [tag("p", link("How it is declared", address("schema", place.namespace, name))),
            _finder(address("class", place.namespace, name), part),
            place.list(f"Instances of {name}", got[:LIMIT], kind) if got else nothing()]
    body += turn(start, len(got), lambda number: address(
        "class", place.namespace, name, **query, **{"from": number}))
    return Sheet(name, [place.home()], body, place.namespace)


def _label(place: Place, each: Instance) -> str:
    return "" if each.path is None else label(each.path, place.schema(each.class_name))


def _finder(where: str, part: str) -> Element:
    box = tag("input", id="name", name="name", type="search", value=part, autocomplete="off",
              spellcheck="false")
    return tag("form", tag("label", "Called", for_="name"), box, tag("button", "Find"),
               action=where, role="search")


def nothing() -> Element:
    """What is said where there are no instances."""
    return tag("p", "There are none.", class_="none")


def turn(start: int, got: int, where: Callable[[str], str]) -> Iterator[Element]:
    """Links to the rows before and behind those that are shown."""
    links = []
    if start:
        links.append(link("Back", where(str(max(0, start - LIMIT))), rel="prev"))
    if got > LIMIT:
        links.append(link("More", where(str(start + LIMIT)), rel="next"))
    if links:
        yield tag("nav", links, aria_label="More of the list", class_="turn")


# a declaration

def declaration(place: Place, class_name: str) -> Sheet:
    """How a class is declared, and where the values of its properties come from."""
    schema, namespace = place.schema(class_name), place.namespace
    below = place.provider.enumerate_class_names(class_name, namespace=namespace)
    told = explain(schema, class_name)
    name = told.title
    classes = {"superclasses": list(schema.superclasses(name))[1:], "subclasses": list(below)}
    facts = [tag("dl", [(tag("dt", title), tag("dd", _names(place, classes.get(title), lines)))
                        for title, lines in told.facts])]
    body = [tag("p", link("Its instances", address("class", namespace, name))), *facts]
    if told.rows:
        body.append(table("Properties", told.header, (
            [tag("span", row[0]), *([tag("div", line) for line in cell] for cell in row[1:])]
            for row in told.rows), "declaration"))
    body += [tag("p", f"{title}: ", *lines) for title, lines in told.notes]
    return Sheet(name, [place.home()], body, namespace)


def _names(place: Place, classes: Optional[Sequence[str]], lines: Sequence[str]) -> Content:
    if classes is None:
        return [tag("div", line) for line in lines]
    return items([place.to_schema(each) for each in classes], LIMIT)
