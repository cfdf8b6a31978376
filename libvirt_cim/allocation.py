# SPDX-License-Identifier: LGPL-2.1-or-later
"""What guests may ask a host for, as guests: the templates of xml/template, filled by a <host>.

A template is an XSLT 1.0 simplified stylesheet over what libvirt says of the host, in which every
path begins with host/. Who wants some sections of the guests gets templates of those, and libvirt
is asked for no more than they name. Knows which documents there are to ask for, and nothing of what
the templates make of them.
"""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lxml import etree

from . import resource, tree
from .ground import ROOTS, Document, Source
from .tree import Element

# The parts of a <host>: kinds of documents, of which the first that is there counts.
PARTS = (("NodeInfo",), ("DomainCapsXML", "CapsXML"), ("PoolCapsXML",), ("PoolXML",),
         ("NetworkXML",))
_READ = re.compile(r"\bhost/(\w+)/(\w+)")
_USED = re.compile(r"\$(\w+)")
_XSL = "{http://www.w3.org/1999/XSL/Transform}"
Wanted = tuple[str, ...]
Needed = Mapping[str, tuple[str, ...]]  # by the name of a part of <host>, its children


def documents(kind: str, source: Source, wanted: Wanted = ()) -> list[Document]:
    """The templates as documents of a kind, filled by what a source has; `wanted` as it has it."""
    found = templates(_parts(source, needed(wanted)), wanted)
    return [Document((kind,), root, source) for root in found]


def _parts(source: Source, children: Needed) -> Iterator[Element]:
    for kinds in PARTS:
        each = (list(source.documents(kind, {}, children[ROOTS[kind]]))
                for kind in kinds if ROOTS[kind] in children)
        for document in next(filter(None, each), []):
            yield document.root


def templates(parts: Iterable[Element], wanted: Wanted = ()) -> list[Element]:
    """The guests that the templates make of a host's documents, in the order of their files."""
    host, children = etree.Element("host"), needed(wanted)
    for each in parts:
        part = etree.SubElement(host, each.tag)
        part.extend(copy.deepcopy(child) for name in children.get(each.tag, ())
                    for child in each.iterchildren(name))
    return [stylesheet(host).getroot() for stylesheet in _stylesheets(wanted)]


@functools.lru_cache(maxsize=100)
def needed(wanted: Wanted) -> Needed:
    """What the templates of the wanted sections of guests read of a <host>."""
    found: dict[str, dict[str, None]] = {}
    for sheet in _wanted(wanted):
        for text in _expressions(sheet):
            for part, child in _READ.findall(text):
                found.setdefault(part, {})[child] = None
    return {part: tuple(children) for part, children in found.items()}


@functools.lru_cache(maxsize=100)
def _stylesheets(wanted: Wanted) -> list[etree.XSLT]:
    control: Any = etree.XSLTAccessControl
    return [etree.XSLT(sheet, access_control=control.DENY_ALL) for sheet in _wanted(wanted)]


@functools.lru_cache(maxsize=100)
def _wanted(wanted: Wanted) -> list[Element]:
    """The templates without what makes other sections of guests than the wanted ones."""
    found = [tree.parse(text, name) for name, text in resource.texts("xml/template")]
    for sheet in found if wanted else ():
        _trim(sheet, "", wanted)
        used = {name for text in _expressions(sheet) for name in _USED.findall(text)}
        for variable in sheet.findall(f"{_XSL}variable"):
            if variable.get("name") not in used:
                sheet.remove(variable)
    return found


def _trim(parent: Element, path: str, wanted: Wanted) -> bool:
    """Leave out what is not wanted below a path; whether there is anything left."""
    left = False
    for child in list(parent):
        if child.tag == f"{_XSL}variable":
            continue
        if isinstance(child.tag, str) and child.tag.startswith(_XSL):
            stays = _trim(child, path, wanted)
        else:
            stays = _is_wanted(child, f"{path}{child.tag}", wanted)
        left |= stays
        if not stays:
            parent.remove(child)
    return left


def _is_wanted(child: Element, path: str, wanted: Wanted) -> bool:
    """Whether an element is wanted, or something below it; the rest of it is left out."""
    if path in wanted:
        return True
    return any(each.startswith(f"{path}/") for each in wanted) and _trim(child, f"{path}/", wanted)


def _expressions(sheet: Element) -> Iterator[str]:
    """The texts of a template that have paths in them."""
    return (str(text) for element in sheet.iter("*") for text in element.attrib.values())
