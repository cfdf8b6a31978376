# SPDX-License-Identifier: LGPL-2.1-or-later
"""The laws of reading and writing, for every row of every table.

GetPut: writing back what was read changes nothing. PutGet: what was written is what is read.
And nothing else changes: only the row's own leaves and what the table says hangs on them.
"""

from __future__ import annotations

from typing import Any

import corpus
import pytest
import xpath
from hypothesis import given
from hypothesis import strategies as st
from leaves import allowed, changed, leaves, place
from lxml import etree
from writing import KINDS, Case, Target, cases, existing, fresh, tables, values

from libvirt_cim.cim import Error, Property
from libvirt_cim.ground import Document
from libvirt_cim.write import build, modify

CASES = list(cases())
# Why a legal value may be refused, by what the message says.
REASONS = ("has no place in this", "does not have the form", "is read only", "does not go with")


# GetPut

def assert_unchanged(name: str, data: bytes, kind: str) -> None:
    """Write back every instance of a document; it stays the same to the letter."""
    document = Document((kind,), corpus.plain(data))
    before = etree.tostring(document.root)
    for table in tables():
        for entry in table.entries(document) if kind in table.roots else ():
            modify(table, entry.node, document, table.instance(entry, document).properties)
        assert etree.tostring(document.root) == before, f"{name}: {table.name}"


@pytest.mark.corpus
@pytest.mark.parametrize("kind", KINDS)
def test_get_put(documents: dict[str, bytes], kind: str) -> None:
    """Of every document as a configuration; as running guests, few rows differ, of a fourth."""
    chosen = {**documents, **corpus.examples()} if kind == KINDS[0] else corpus.sample(4)
    for name, data in chosen.items():
        assert_unchanged(name, data, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_get_put_of_nulls(kind: str) -> None:
    """To send NULL for what is NULL changes nothing either."""
    for data in corpus.examples().values():
        document = Document((kind,), corpus.plain(data))
        before = etree.tostring(document.root)
        for table in tables():
            for entry in table.entries(document) if kind in table.roots else ():
                read = table.instance(entry, document).properties
                nulls = dict.fromkeys(set(table.class_.properties) - set(read))
                modify(table, entry.node, document, {**read, **nulls})
        assert etree.tostring(document.root) == before


# PutGet

def written(case: Case, target: Target, value: Any, new: bool = False) -> bool:
    """Write one value and test the laws; False if the row has no place in such an element."""
    table, row, node = case.table, case.row, target.node
    before, at = leaves(target.document.root), place(node)
    sent = {**(discriminators(case) if new else {}), row.name: value}
    try:
        (build if new else modify)(table, node, target.document, sent)
    except Error as error:
        assert str(error).startswith(f"{table.name}.{row.name}: ") and "\n" not in str(error)
        assert any(reason in str(error) for reason in REASONS), str(error)
        return False
    assert table.read(node, target.document).get(row.name) == value
    for answer in xpath.answers(table.class_, node, case.kind):
        assert answer.row.name != row.name or answer.value == value
    again = Document((case.kind,), etree.fromstring(etree.tostring(target.document.root)))
    moved = again.root.xpath(at.replace("/domain[1]", "/domain", 1))[0]
    assert table.read(moved, again).get(row.name) == value
    may = allowed(table.class_, row, case.kind, at)
    rest = {path for path in changed(before, leaves(target.document.root))
            if not may.fullmatch(path)}
    assert new or not rest
    return True


def discriminators(case: Case) -> dict[str, Any]:
    """The value of each row that chooses the first arm of a row, by the mapping strings."""
    for text in case.row.qualifier("MappingStrings"):
        step, _, path = text.rpartition("|")[2].partition("/")
        if step.startswith("self::") and "='" in step:
            name, value = step.partition("[@")[2].split("'")[:2]
            name = name.rstrip("=")
            tag = step[len("self::"):].partition("[")[0]
            row = next(row for row in case.table.class_.properties.values()
                       if (row.qualifier("MappingStrings") or [""])[0]
                       in (f"@{name}", f"self::{tag}/@{name}"))
            return {row.name: meaning(row, value)}
    return {}


def meaning(row: Property, token: str) -> Any:
    """The value that a row has where libvirt has a token."""
    tokens = row.qualifier("Virt_Tokens")
    return token if tokens is None else int(row.qualifier("ValueMap")[tokens.index(token)])


@pytest.mark.parametrize("case", CASES, ids=str)
def test_put_get(case: Case) -> None:
    """Values written to elements of libvirt's and our own documents."""
    done = []

    @given(existing(case.table, case.kind, case.row), st.data())
    def law(target: Target, data: st.DataObject) -> None:
        done.append(written(case, target, data.draw(values(case.row, target.node))))

    law()
    assert any(done)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_put_get_of_new_elements(case: Case) -> None:
    """Values written to new elements, with the discriminator they need."""
    done = []

    @given(values(case.row))
    def law(value: Any) -> None:
        done.append(written(case, fresh(case.table, case.kind, case.row), value, new=True))

    law()
    assert any(done)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_put_null(case: Case) -> None:
    """NULL removes what the row stands for, or is refused where something must be there."""
    @given(existing(case.table, case.kind, case.row))
    def law(target: Target) -> None:
        try:
            written(case, target, None)
        except AssertionError as error:
            assert "sent None, reads" in str(error), error

    law()


@given(st.data())
def test_many_at_once(data: st.DataObject) -> None:
    """Several rows written together are all read, or the write is refused with a reason."""
    table = data.draw(st.sampled_from(tables()))
    kind = data.draw(st.sampled_from([each for each in table.kinds if each in KINDS]))
    rows = [case.row for case in CASES if case.table is table and case.kind == kind]
    chosen = data.draw(st.lists(st.sampled_from(rows), unique_by=lambda row: row.name, max_size=4))
    sent = {row.name: data.draw(values(row)) for row in chosen}
    target = data.draw(existing(table, kind))
    try:
        modify(table, target.node, target.document, sent)
    except Error as error:
        assert str(error).startswith(f"{table.name}.") and "\n" not in str(error)
        reasons = (*REASONS, "contradicts", "sent ")
        assert any(reason in str(error) for reason in reasons), str(error)
    else:
        read = table.read(target.node, target.document)
        assert {name: read.get(name) for name in sent} == sent
