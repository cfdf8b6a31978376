# SPDX-License-Identifier: LGPL-2.1-or-later
"""What guests may ask a host for, as guests: the templates of xml/template, filled by a <host>.

A template is an XSLT 1.0 simplified stylesheet over what libvirt says of the host. Knows which
documents those are, and nothing of what the templates make of them.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterable, Iterator
from typing import Any

from lxml import etree

from . import resource, tree
from .ground import Document, Source
from .tree import Element

# The parts of a <host>: kinds of documents, of which the first that is there counts, and the
# children of their roots that are needed (none: all).
PARTS = (
    (("NodeInfo",), ("memory", "maxVcpus")), (("DomainCapsXML", "CapsXML"), ()),
    (("PoolCapsXML",), ()), (("PoolXML",), ("name",)), (("NetworkXML",), ("name",)),
)


def documents(kind: str, source: Source) -> list[Document]:
    """The templates as documents of a kind, filled by what a source has."""
    return [Document((kind,), root, source) for root in templates(_parts(source))]


def _parts(source: Source) -> Iterator[Element]:
    for kinds, wanted in PARTS:
        each = (list(source.documents(kind, {}, wanted)) for kind in kinds)
        for document in next(filter(None, each), []):
            yield document.root


def templates(parts: Iterable[Element]) -> list[Element]:
    """The guests that the templates make of a host's documents, in the order of their files."""
    host = etree.Element("host")
    host.extend(copy.deepcopy(each) for each in parts)
    return [stylesheet(host).getroot() for stylesheet in _stylesheets()]


@functools.cache
def _stylesheets() -> list[etree.XSLT]:
    control: Any = etree.XSLTAccessControl
    return [etree.XSLT(tree.parse(text, name), access_control=control.DENY_ALL)
            for name, text in resource.texts("xml/template")]
