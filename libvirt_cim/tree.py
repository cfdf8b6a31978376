# SPDX-License-Identifier: LGPL-2.1-or-later
"""XML as lxml elements: parsed safely, compared, put in order, written.

Knows nothing of CIM, and of libvirt only in what sense two documents of its are the same.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from typing import Any, Optional, Union

from lxml import etree

from .cim import invalid

Element = Any  # lxml.etree._Element; lxml has no public name for its class

# libvirt's own, by the prefixes that its documents have.
NAMESPACES = {
    "qemu": "http://libvirt.org/schemas/domain/qemu/1.0",
    "lxc": "http://libvirt.org/schemas/domain/lxc/1.0",
    "xen": "http://libvirt.org/schemas/domain/xen/1.0",
    "bhyve": "http://libvirt.org/schemas/domain/bhyve/1.0",
    "vmware": "http://libvirt.org/schemas/domain/vmware/1.0",
    "test": "http://libvirt.org/schemas/domain/test/1.0",
}
_NOT_XML = "[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]"  # compiled when first needed
LIMIT = 16 * 1024 * 1024  # bytes
_PARSER: dict[str, Any] = {
    "resolve_entities": False, "load_dtd": False, "no_network": True, "huge_tree": False,
}
_METADATA = "metadata"


def parse(text: Union[str, bytes], name: str = "-") -> Element:
    """The root of a document from outside, without entities, DTD, network and comments.

    Below metadata comments stay.
    `name` stands in the messages; malformed or oversized XML is CIM_ERR_INVALID_PARAMETER.
    """
    if len(text) > LIMIT:
        raise invalid(f"{name}: the document is larger than {LIMIT} bytes")
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    encoding = "utf-8" if isinstance(text, str) else None
    try:
        root = etree.fromstring(data, etree.XMLParser(encoding=encoding, **_PARSER))
    except (etree.XMLSyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise invalid(f"{name}:{line}: {_first_line(error)}") from None
    document: Any = root.getroottree()
    if document.docinfo.doctype:
        raise invalid(f"{name}:1: a document type declaration is not accepted")
    if b"<!--" in data or b"<?" in data[5:] or encoding is None:
        _strip_comments(root)
    if b"<![CDATA[]]>" in data:  # else it would be written out again in another way
        for element in root.iter(etree.Element):
            element.text = element.text or None
    return root


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines() or ["not XML"]
    return lines[0].split(", line ")[0]


def _strip_comments(root: Element) -> None:
    """Comments and processing instructions go, as in libvirt; what is below metadata stays."""
    for node in list(root.iter(etree.Comment, etree.ProcessingInstruction)):
        if next(node.iterancestors(_METADATA), None) is None and node.getparent() is not None:
            remove(node, blanks=True)


class _Own(threading.local):
    """A parser for each thread, as one serves only one at a time."""

    def __init__(self) -> None:
        self.parser = etree.XMLParser(remove_blank_text=True, collect_ids=False)


_OWN = _Own()


def fast_parse(text: str) -> Element:
    """The root of a document that libvirt itself made, its indentation left out.

    Where there is metadata, which is others', all stays as it is.
    """
    return etree.fromstring(text, None if "<metadata" in text else _OWN.parser)


def uncarried(text: str) -> Optional[str]:
    """The first character that XML cannot carry, if there is one."""
    found = re.search(_NOT_XML, text)
    return None if found is None else found[0]


def carriable(text: str, instead: str) -> str:
    """A text with another in place of each character that XML cannot carry."""
    return re.sub(_NOT_XML, instead, text)


def escaped(text: str) -> str:
    """A text as XML has it, in an element and, with its quotes replaced, in an attribute."""
    if text.isalnum():  # as many are
        return text
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("\t", "&#9;").replace("\n", "&#10;").replace("\r", "&#13;")


def text_of(element: Element) -> str:
    """An element as text, without what follows it."""
    text: str = etree.tostring(element, encoding="unicode", with_tail=False)
    return text


def indented(root: Element) -> str:
    """A document as text with a line per element; texts and metadata stay as they are."""
    kept = [(child, root.index(child)) for child in root.iterchildren(_METADATA)]
    for child, _ in kept:
        root.remove(child)
    etree.indent(root)
    for child, position in kept:
        child.tail = "\n  "
        root.insert(position, child)
    return text_of(root) + "\n"


def remove(child: Element, blanks: bool = False) -> None:
    """Take a child out and leave the text that follows it, unless it is no more than blanks."""
    parent, tail = child.getparent(), child.tail
    if tail and (blanks or not tail.isspace()):
        before, apart = child.getprevious(), "" if blanks else " "
        if before is None:
            parent.text = f"{parent.text or ''}{apart}{tail}"
        else:
            before.tail = f"{before.tail or ''}{apart}{tail}"
    parent.remove(child)


def mixed(element: Element) -> bool:
    """Whether an element has text between its children, which no row can place."""
    if not len(element):
        return False
    texts = [element.text, *(child.tail for child in element)]
    return any(text and not text.isspace() for text in texts)


def empty(element: Element) -> bool:
    """Whether an element has no attribute, child or text."""
    return not len(element) and not element.attrib and not (element.text or "").strip()


def tags(element: Element) -> list[str]:
    """The names of an element's children; comments have none."""
    return [child.tag for child in element if isinstance(child.tag, str)]


def sort(element: Element, order: Mapping[str, int]) -> None:
    """Put the children in an order of names; those not in it go last."""
    last = len(order)
    children = [child for child in element if isinstance(child.tag, str)]
    element[:] = sorted(children, key=lambda child: order.get(child.tag, last))


def canonical(element: Element, verbatim: bool = False) -> tuple[Any, ...]:
    """What makes two documents the same to libvirt.

    Children stable-sorted by name, attributes sorted, comments and indentation ignored;
    metadata is compared in its own order.
    """
    children = [canonical(child, verbatim or element.tag == _METADATA)
                for child in element if isinstance(child.tag, str)]
    if not verbatim:
        children.sort(key=lambda child: str(child[0]))
    return (element.tag, sorted(element.attrib.items()), _own_text(element), children)


def _own_text(element: Element) -> str:
    texts = [element.text or "", *(child.tail or "" for child in element)]
    if len(element) or not "".join(texts).strip():
        return " ".join(" ".join(texts).split())
    return "".join(texts)


def same(one: Element, other: Element) -> bool:
    """Whether two documents say the same, in the sense of `canonical`."""
    return canonical(one) == canonical(other)
