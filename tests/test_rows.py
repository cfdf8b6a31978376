# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every row of every table is read and written by the suite: no row that no document ever had.

A new property needs its element or attribute in a document of xml/example or in rows.xml, or, if it
is not read from a guest's document, on the host of tests/hosts/lab.xml or in one of tests/rows.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import corpus
import pytest
from lxml import etree
from test_laws import discriminators
from writing import KINDS, Case, cases, fresh, tables

import libvirt_cim
from libvirt_cim import schema
from libvirt_cim.cim import Error
from libvirt_cim.ground import Document
from libvirt_cim.query import Query
from libvirt_cim.schema import is_row
from libvirt_cim.shelf import Shelf
from libvirt_cim.write import build

LAB = Path(__file__).parent / "hosts" / "lab.xml"
MORE = Path(__file__).parent / "rows.xml"  # what the examples have not
OTHERS = sorted((Path(__file__).parent / "rows").glob("*.xml"))  # named after their kinds
INFO = "<info><name>rows</name><state>pmsuspended</state></info>"  # the test driver never says so
# Why a value that is read may not be written alone to a new element.
REASONS = ("has no place in this", "does not have the form", "has no counterpart in libvirt")


@functools.cache
def in_examples() -> dict[str, list[Any]]:
    """The values that each row has in the examples."""
    found: dict[str, list[Any]] = {}
    for root in (*map(corpus.parsed, corpus.examples()), corpus.plain(MORE.read_bytes())):
        for kind in KINDS:
            document = Document((kind,), root)
            shelf = Shelf([document, Document(("DomainInfo",), etree.fromstring(INFO))])
            assert shelf.offers("DomainInfo")
            for table in tables():
                for node in table.nodes(document) if kind in table.roots else ():
                    for row, value in table.read(node, document).items():
                        found.setdefault(f"{table.name}.{row}-{kind}", []).append(value)
    return found


def on_the_host() -> set[str]:
    """The rows that have a value on the test driver's host."""
    pytest.importorskip("libvirt")
    provider: Any = libvirt_cim.connect(f"test://{LAB}")
    found = set()
    for table in schema.load().tables.values():
        try:
            for each in provider.enumerate_instances(table.name):
                found |= {f"{each.class_name}.{name}" for name in each.properties}
        except Error as error:
            pytest.fail(f"{table.name}: {error}")
    return found


def on_the_shelf() -> set[str]:
    """The rows that have a value in documents that a guest of rows.xml is said to have."""
    documents = [Document((file.stem.partition("-")[0],), corpus.plain(file.read_bytes()))
                 for file in OTHERS]
    kinds = {kind for document in documents for kind in document.kinds}
    guest = Document(KINDS, corpus.plain(MORE.read_bytes()))
    query = Query(schema.load(), Shelf([*documents, guest]))
    return {f"{each.class_name}.{name}" for table in schema.load().tables.values()
            if kinds & set(table.kinds) for each in query.enumerate(table.name)
            for name in each.properties}


def test_every_row_is_read() -> None:
    """A row has a value other than NULL somewhere; a key and a constant have one by themselves."""
    seen = on_the_host() | on_the_shelf() | {name.rpartition("-")[0] for name in in_examples()}
    rows = {f"{table.name}.{row.name}" for table in schema.load().tables.values()
            for row in table.class_.properties.values()
            if is_row(row) and row.qualifier("MappingStrings") != ["rest()"]}
    assert not rows - seen


@pytest.mark.parametrize("case", list(cases()), ids=str)
def test_every_row_is_written(case: Case) -> None:
    """A value that the row has in an example, written to a new element by this row alone."""
    values = in_examples().get(str(case), [])
    assert values, "neither xml/example nor tests/rows.xml has a value for it"
    done = 0
    for value in values:
        target = fresh(case.table, case.kind, case.row)
        try:
            sent = {**discriminators(case), case.row.name: value}
            build(case.table, target.node, target.document, sent)
        except Error as error:
            assert any(reason in str(error) for reason in REASONS), str(error)
        else:
            done += case.table.read(target.node, target.document)[case.row.name] == value
    assert done
