# SPDX-License-Identifier: LGPL-2.1-or-later
"""What can be written where: the rows of all tables, elements to write to, values to write."""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Optional

import corpus
from hypothesis import strategies as st
from leaves import strings
from lxml import etree

from libvirt_cim import schema
from libvirt_cim.cim import Instance, Property
from libvirt_cim.ground import Document
from libvirt_cim.table import Table

ROWS = str(Path(__file__).parent / "rows.xml")  # what the examples have not
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
        for kind in (kind for kind in KINDS if kind in table.kinds):
            for row in table.class_.properties.values():
                if not row.qualifier("Key") and strings(row, kind):
                    yield Case(table, row, kind)


@functools.cache
def _parsed(name: str) -> Any:
    """A document: of the corpus, an example, or what these have not."""
    return corpus.plain(Path(ROWS).read_bytes()) if name == ROWS else corpus.parsed(name)


@functools.cache
def _places(table: Table, kind: str) -> dict[Any, list[tuple[str, int]]]:
    """For each sort of element some documents, and which of the table's elements in them."""
    found: dict[Any, list[tuple[str, int]]] = {}
    for number, name in enumerate([ROWS, *corpus.examples(), *corpus.documents()]):
        root = _parsed(name)
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
        document = Document((kind,), copy.deepcopy(_parsed(chosen[0])))
        return Target(document, table.nodes(document)[chosen[1]])

    places = _places(table, kind)
    texts = " ".join(row.qualifier("MappingStrings")) if row else ""
    fitting = [found for sort, found in places.items()
               if any(f"='{each}'" in texts for each in sort[1:])]
    every = st.sampled_from(list(places.values()))
    kinds = st.one_of(st.sampled_from(fitting), every) if fitting else every
    return kinds.flatmap(st.sampled_from).map(target)


def fresh(table: Table, kind: str, row: Property) -> Target:
    """A new element, which may have a row, in a document that has a name and nothing else."""
    document = Document((kind,), etree.fromstring("<domain><name>new</name></domain>"))
    if table.is_root:
        return Target(document, document.root)
    first = re.match(r"self::([\w-]+)", strings(row, kind)[0])
    tag = first[1] if first else table.root_of(document)[-1]
    node = etree.Element("hub" if tag == "*" else tag)
    table.place(node, document)
    return Target(document, node)


def values(row: Property, node: Any = None) -> st.SearchStrategy[Any]:
    """Legal values of a row's type, for an element; a text may lack the form a template asks for.
    """
    each = _scalars(row, node)
    return st.lists(each, min_size=1, max_size=4) if row.is_array else each


def _scalars(row: Property, node: Any) -> st.SearchStrategy[Any]:
    tokens = row.qualifier("Virt_Tokens")
    if row.qualifier("EmbeddedInstance"):
        return _instances(row.qualifier("EmbeddedInstance"))
    if row.type == "boolean":
        return st.booleans()
    if tokens is not None:
        meant = [int(each) if row.type != "string" else each for each in row.qualifier("ValueMap")]
        return st.sampled_from([each for each, token in zip(meant, tokens) if token != "*"])
    if row.qualifier("Virt_Unit"):
        step = 1024 if row.type == "uint32" else 1  # those of 32 bits are bytes of whole KiB
        return st.integers(0, 2 ** min(45, int(row.type[4:])) // step - 1).map(step.__mul__)
    if row.type.startswith("uint"):
        return st.integers(0, 2 ** int(row.type[4:]) - 1)
    if row.type.startswith("sint"):
        most = 2 ** (int(row.type[4:]) - 1)
        return st.integers(-most, most - 1)
    assert row.type == "string", row.type
    forms = [text for text in row.qualifier("MappingStrings")
             if "{" in text and "libvirt|/" not in text and _suits(text, node)]
    return st.one_of(TEXT, *map(_filled, forms))


def _suits(text: str, node: Any) -> bool:
    """Whether the arm of a mapping string is for an element."""
    condition = re.match(r"self::[^/\[]*\[[^\]]*\]", text)
    return node is None or condition is None or bool(node.xpath(condition[0]))


def _filled(form: str) -> st.SearchStrategy[str]:
    """Texts that have the form of a template."""
    form = re.sub(r"^\w+\.libvirt\||^self::[^/]*(?:\[[^\]]*\])?/|^\./(?:[a-z][\w-]*/)*", "", form)
    form = re.sub(r"^(?:[a-z][\w-]*/)*", "", form)
    texts = re.split(r"\{[^}]*\}", form)
    plain = st.one_of(st.sampled_from(["a", "b1"]), TEXT)
    holes = st.lists(plain, min_size=len(texts) - 1, max_size=len(texts) - 1)
    return holes.map(lambda found: "".join(
        each for pair in zip(texts, [*found, ""]) for each in pair))


def _instances(class_name: str) -> st.SearchStrategy[Any]:
    """Embedded instances whose own rows, but the rest, have legal values."""
    own = schema.load().resolved(class_name).properties.values()
    rows = {row.name: values(row) for row in own if row.qualifier("MappingStrings") != ["rest()"]}
    return st.fixed_dictionaries({}, optional=rows).map(
        lambda properties: Instance(class_name, properties))
