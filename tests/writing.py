# SPDX-License-Identifier: LGPL-2.1-or-later
"""What can be written where: the rows of all tables, elements to write to, values to write."""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Iterator
from typing import Any, NamedTuple, Optional

import corpus
from hypothesis import strategies as st
from leaves import strings
from lxml import etree

from libvirt_cim import schema
from libvirt_cim.cim import Property
from libvirt_cim.ground import Document
from libvirt_cim.table import Table

KINDS = ("DomainConfigXML", "DomainXML")
STEP = 37  # every so manieth document of the corpus is written to, if it is not too long
LEGAL = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
TEXT = st.one_of(
    st.sampled_from(["", " ", "x", "a/b", "a%2Fb", "007", "\t1\n", "a\rb", "&<>\"'", "]]>", "é",
                     "DiskPool/p", "NetworkPool/n", "pool/volume", "a/b/c"]),
    st.text(LEGAL, max_size=8),
)


class Case(NamedTuple):
    """A row of a table on a kind of document."""

    table: Table
    row: Property
    kind: str

    def __str__(self) -> str:
        return f"{self.table.name}.{self.row.name}-{self.kind}"


class Target(NamedTuple):
    """An element of a document of its own."""

    document: Document
    node: Any


@functools.cache
def tables() -> tuple[Table, ...]:
    """The tables whose elements are parts of a domain document, wherever one is put in."""
    return tuple(each for each in schema.load().tables.values()
                 if not each.association and not each.expand and set(KINDS) & set(each.kinds)
                 and not any(root.tests for roots in each.roots.values() for root in roots))


def cases() -> Iterator[Case]:
    """Every row that is a part of the element it stands on."""
    for table in tables():
        for kind in table.kinds:
            for row in table.class_.properties.values():
                if not row.qualifier("Key") and strings(row, kind):
                    yield Case(table, row, kind)


@functools.cache
def _places(table: Table, kind: str) -> dict[Any, list[tuple[str, int]]]:
    """For each sort of element some documents, and which of the table's elements in them."""
    found: dict[Any, list[tuple[str, int]]] = {}
    for number, name in enumerate([*corpus.examples(), *corpus.documents()]):
        root = corpus.parsed(name)
        for index, node in enumerate(table.nodes(Document((kind,), root))):
            sort = (node.tag, *(node.get(each) for each in table.discriminators))
            if sort not in found or (number % STEP == 0 and index < 2 and len(root) < 40):
                found.setdefault(sort, []).append((name, index))
    return found


def existing(
    table: Table, kind: str, row: Optional[Property] = None
) -> st.SearchStrategy[Target]:
    """Copies of elements as libvirt's and our own documents have them, with a place for a row."""
    def target(chosen: tuple[str, int]) -> Target:
        document = Document((kind,), copy.deepcopy(corpus.parsed(chosen[0])))
        return Target(document, table.nodes(document)[chosen[1]])

    places = _places(table, kind)
    texts = " ".join(row.qualifier("MappingStrings")) if row else ""
    fitting = [found for sort, found in places.items()
               if any(f"='{each}'" in texts for each in sort[1:])]
    every = st.sampled_from(list(places.values()))
    kinds = st.one_of(st.sampled_from(fitting), every) if fitting else every
    return kinds.flatmap(st.sampled_from).map(target)


def fresh(table: Table, kind: str) -> Target:
    """A new element in a document that has a name and nothing else."""
    document = Document((kind,), etree.fromstring("<domain><name>new</name></domain>"))
    if table.is_root:
        return Target(document, document.root)
    tag = table.root_of(document)[-1]
    node = etree.Element("input" if tag == "*" else tag)
    table.place(node, document)
    return Target(document, node)


def values(row: Property) -> st.SearchStrategy[Any]:
    """Legal values of a row's type; a text may still lack the form that a template asks for."""
    return st.lists(_scalars(row), min_size=1, max_size=4) if row.is_array else _scalars(row)


def _scalars(row: Property) -> st.SearchStrategy[Any]:
    tokens = row.qualifier("Virt_Tokens")
    if row.type == "boolean":
        return st.booleans()
    if tokens is not None:
        meant = [int(each) if row.type != "string" else each for each in row.qualifier("ValueMap")]
        return st.sampled_from([each for each, token in zip(meant, tokens) if token != "*"])
    if row.qualifier("Virt_Unit"):
        return st.integers(0, 2**45)
    if row.type.startswith("uint"):
        return st.integers(0, 2 ** int(row.type[4:]) - 1)
    assert row.type == "string", row.type
    found = [re.match("[A-Z][A-Za-z]*/(?={)", text.rpartition("]/")[2])
             for text in row.qualifier("MappingStrings")]
    return st.one_of(TEXT, *(TEXT.map(begin[0].__add__) for begin in found if begin))
