# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvirt's own test documents by the root they have, and when two documents are the same.

Knows nothing of the engine: what the tests call the same is told by plain lxml, not by the
engine's own comparison.
"""

from __future__ import annotations

import copy
import functools
import os
from pathlib import Path
from typing import Any

from lxml import etree

SOURCE = os.environ.get("LIBVIRT_SOURCE", "")
REQUIRED = os.environ.get("LIBVIRT_CIM_REQUIRE_CORPUS") == "1"
MISSING = "$LIBVIRT_SOURCE names no folder with libvirt's test documents"
FULL = os.environ.get("LIBVIRT_CIM_FULL") == "1"  # all documents where a sample is the default
EXAMPLES = Path(__file__).parent.parent / "xml" / "example"


def documents() -> dict[str, bytes]:
    """Every domain document by its name, such as qemuxml2argvdata/minimal.xml."""
    return rooted().get("domain", {})


@functools.cache
def rooted() -> dict[str, dict[str, bytes]]:
    """Every document by the name of its root, and by its own."""
    found: dict[str, dict[str, bytes]] = {}
    source = Path(SOURCE) if SOURCE else None
    for file in sorted(source.rglob("*.xml")) if source else ():
        data = file.read_bytes()
        name = str(file.relative_to(source or file))
        found.setdefault(_tag(data), {})[name] = data
    return found


def _tag(data: bytes) -> str:
    try:
        return str(etree.fromstring(data).tag)
    except etree.XMLSyntaxError:  # a few are empty, or broken on purpose
        return ""


@functools.cache
def examples() -> dict[str, bytes]:
    """This repository's own examples by name; they need no corpus."""
    return {f"example/{file.name}": file.read_bytes() for file in sorted(EXAMPLES.glob("*.xml"))}


def sample(step: int, start: int = 0) -> dict[str, bytes]:
    """Every step-th document and the examples; all if $LIBVIRT_CIM_FULL is 1."""
    names = list(documents())[start::1 if FULL else step]
    return {**{name: documents()[name] for name in names}, **examples()}


@functools.cache
def parsed(name: str) -> Any:
    """The root of a document, parsed once; whoever changes it works on a copy."""
    data = documents().get(name) or examples()[name]
    return plain(data)


def plain(data: str | bytes) -> Any:
    """A root as lxml has it without comments but those below metadata."""
    root: Any = etree.fromstring(data)
    for metadata in root.iter("metadata"):
        for number, note in enumerate(list(metadata.iter(etree.Comment))):
            note.addnext(_note(note, number))
            note.getparent().remove(note)
    etree.strip_tags(root, etree.Comment, etree.ProcessingInstruction)
    return root


def _note(comment: Any, number: int) -> Any:
    """An element that stands for a comment below metadata, with its tail."""
    element = etree.Element("comment-of-metadata", number=str(number))
    element.text, element.tail = comment.text, comment.tail
    comment.tail = None
    return element


def meaning(element: Any) -> Any:
    """What makes two elements the same: name, attributes, text, children in order of names.

    Metadata is the same if each character is. Elsewhere blanks count only in a text that is
    more than blanks and has no element beside it.
    """
    if _verbatim(element):
        alone = copy.deepcopy(element)
        alone.tail = None
        return etree.tostring(alone, method="c14n", exclusive=True)
    children = sorted((meaning(child) for child in element if not _verbatim(child)), key=_name)
    notes = [meaning(child) for child in element if _verbatim(child)]
    texts = [element.text or "", *(child.tail or "" for child in element)]
    text = "".join("".join(texts).split()) if len(element) else texts[0]
    return (element.tag, sorted(element.attrib.items()), text if text.strip() else "", notes,
            children)


def _verbatim(element: Any) -> bool:
    """Whether an element is the metadata of the document's root."""
    parent = element.getparent()
    return element.tag == "metadata" and parent is not None and parent.getparent() is None


def _name(found: Any) -> str:
    return str(found[0])


def differ(one: str | bytes, other: str | bytes) -> bool:
    """Whether two documents do not say the same."""
    return bool(meaning(plain(one)) != meaning(plain(other)))
