# SPDX-License-Identifier: LGPL-2.1-or-later
"""Queries as text: what each says, what is wrong with one, and how it is printed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libvirt_cim import wql
from libvirt_cim.cim import Error, Status
from libvirt_cim.wql import (
    CQL,
    FQL,
    WQL,
    And,
    Compare,
    Isa,
    IsNull,
    Like,
    Literal,
    Not,
    Or,
    Query,
    Step,
    Term,
)
from libvirt_cim.wql_parse import parse, parse_condition

A, B = Term((Step("a"),)), Term((Step("b"),))


def equals(value: Any) -> Compare:
    """a = value."""
    return Compare(A, "=", Literal(value))


CONDITIONS = {
    "a = 'x'": equals("x"),
    'a="x"': equals("x"),
    "a != -5": Compare(A, "<>", Literal(-5)),
    "a <> 0x1F": Compare(A, "<>", Literal(31)),
    "a >= 101b": Compare(A, ">=", Literal(5)),
    "a < 1.5e2": Compare(A, "<", Literal(150.0)),
    "a = .5": equals(0.5),
    "TRUE = a": Compare(Literal(True), "=", A),
    "a = null": equals(None),
    "a = {}": equals(()),
    "a = {1, 'x', FALSE}": equals((1, "x", False)),
    "a is null": IsNull(A),
    "a IS NOT NULL": Not(IsNull(A)),
    "a = b": Compare(A, "=", B),
    "a LIKE 'x%'": Like(A, "x%"),
    "a NOT LIKE 'x%'": Not(Like(A, "x%")),
    "a ISA C": Isa(A, "C"),
    "a ISA 'C'": Isa(A, "C"),
    "a[2] = 1": Compare(Term((Step("a", index=2),)), "=", Literal(1)),
    "ANY a[*] = 1": Compare(Term((Step("a", index=-1),)), "=", Literal(1), "ANY"),
    "not every a like 'x'": Not(Like(A, "x", "EVERY")),
    "a.C::b.c = 1": Compare(Term((Step("a"), Step("b", "C"), Step("c"))), "=", Literal(1)),
    "a=1 AND b=a OR a=2": Or((And((equals(1), Compare(B, "=", A))), equals(2))),
    "a=1 AND (b=a OR a=2)": And((equals(1), Or((Compare(B, "=", A), equals(2))))),
    "NOT a=1 AND a=2": And((Not(equals(1)), equals(2))),
    "((a=1))": equals(1),
}
QUERIES = {
    "SELECT * FROM C": Query("C"),
    "select a , b from C where a = 1": Query("C", (A, B), equals(1)),
    "SELECT C.a, x.b FROM C AS x WHERE x.a = 1": Query("C", (A, B), equals(1)),
    "SELECT x.* FROM C x": Query("C"),
    "SELECT * FROM C WHERE C ISA D": Query("C", None, Isa(Term(()), "D")),
    "SELECT * FROM C WHERE __this ISA D": Query("C", None, Isa(Term(()), "D")),
    "SELECT * FROM CIM_InstModification WHERE SourceInstance ISA KVM_ComputerSystem AND "
    "SourceInstance.CIM_EnabledLogicalElement::a <> PreviousInstance.a":
        Query("CIM_InstModification", None, And((
            Isa(Term((Step("SourceInstance"),)), "KVM_ComputerSystem"),
            Compare(Term((Step("SourceInstance"), Step("a", "CIM_EnabledLogicalElement"))), "<>",
                    Term((Step("PreviousInstance"), Step("a"))))))),
}
WRONG = {
    "": "character 1: expected SELECT, not the end",
    "a = 1": "character 1: expected SELECT, not a",
    "SELECT FROM C": "character 8: expected a property, not FROM",
    "SELECT a": "character 9: expected FROM, not the end",
    "SELECT * FROM": "character 14: expected a class, not the end",
    "SELECT * FROM 'C'": "character 15: expected a class, not 'C'",
    "SELECT * FROM C WHERE": "character 22: expected a property, not the end",
    "SELECT * FROM C x y": "character 19: expected the end, not y",
    "SELECT * FROM C, D": "character 16: expected the end, not ,",
    "SELECT * FROM C WHERE a": "character 24: expected a comparison, not the end",
    "SELECT * FROM C WHERE a = ": "character 27: expected a property, not the end",
    "SELECT * FROM C WHERE a IS 5": "character 28: expected NULL, not 5",
    "SELECT * FROM C WHERE a LIKE b": "character 30: expected a string, not b",
    "SELECT * FROM C WHERE a ISA 5": "character 29: expected a class, not 5",
    "SELECT * FROM C WHERE (a = 1": "character 29: expected ), not the end",
    "SELECT * FROM C WHERE a = 'x": "character 27: a string is not closed",
    "SELECT * FROM C WHERE a # 1": "character 25: '#' means nothing",
    "SELECT * FROM C WHERE a[x] = 1": "character 25: expected a number or *, not x",
    "SELECT * FROM C WHERE a[1.5] = 1": "character 25: 1.5 is no index",
    "SELECT * FROM C WHERE a = 1e999": "character 27: the number is too large",
    "SELECT * FROM C WHERE a = " + "9" * 5000: "character 27: the number is too large",
    "SELECT * FROM C WHERE " + "NOT " * 70 + "a = 1": "character 263: it is nested too deeply",
    "SELECT * FROM C WHERE " + "(" * 70: "character 83: it is nested too deeply",
    "SELECT * FROM C" + " " * 70000: "character 65537: it is longer than 65536 characters",
}


@pytest.mark.parametrize("text, condition", CONDITIONS.items())
@pytest.mark.parametrize("language", [WQL, CQL, FQL], ids=lambda each: each.name)
def test_conditions(text: str, condition: wql.Condition, language: wql.Language) -> None:
    assert parse_condition(text, language) == condition
    assert parse_condition(str(condition), language) == condition


@pytest.mark.parametrize("text, query", QUERIES.items())
@pytest.mark.parametrize("language", [WQL, CQL], ids=lambda each: each.name)
def test_queries(text: str, query: Query, language: wql.Language) -> None:
    assert parse(text, language) == query
    assert parse(str(query), language) == query


@pytest.mark.parametrize("text, why", WRONG.items(), ids=range(len(WRONG)))
def test_wrong(text: str, why: str) -> None:
    with pytest.raises(Error) as raised:
        parse(text)
    assert (raised.value.status, raised.value.text) == (Status.INVALID_QUERY, f"WQL: {why}")


@pytest.mark.parametrize("text", [
    "SELECT * FROM C ORDER BY a", "SELECT DISTINCT a FROM C", "SELECT FIRST 5 * FROM C",
    "SELECT * FROM C WITHIN 5 WHERE a = 1", "SELECT * FROM C x GROUP BY a"])
def test_what_is_not_supported_is_said(text: str) -> None:
    with pytest.raises(Error) as raised:
        parse(text)
    assert raised.value.status == Status.QUERY_FEATURE_NOT_SUPPORTED
    assert raised.value.text.endswith(" is not supported")


@pytest.mark.parametrize("text, in_wql, in_others", [
    (r"'a\'b\\'", "a'b\\", "a'b\\"), (r"'C:\new'", "C:new", "C:\new"), (r"'\u0041'", "u0041", "A"),
    (r"'\x1F600'", "x1F600", "\U0001F600"), (r'"\""', '"', '"'), (r"'\uzz'", "uzz", "uzz"),
])
def test_escapes(text: str, in_wql: str, in_others: str) -> None:
    assert parse_condition(f"a = {text}", WQL) == equals(in_wql)
    for language in (CQL, FQL):
        assert parse_condition(f"a = {text}", language) == equals(in_others)


def test_positions_and_terms() -> None:
    condition = parse_condition("a = 1 AND (b.c IS NULL OR NOT a ISA C)")
    assert [(str(each), each.position) for each in wql.terms(condition)] == [
        ("a", 0), ("b.c", 11), ("a", 30)]


def test_languages() -> None:
    assert wql.language("wql", (WQL,)) is WQL and wql.language("CQL", (FQL, CQL)) is CQL
    with pytest.raises(Error) as raised:
        wql.language("DMTF:FQL", (WQL, CQL))
    assert raised.value.status == Status.QUERY_LANGUAGE_NOT_SUPPORTED


# what is printed says the same

_NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,5}", fullmatch=True).filter(
    lambda each: each.lower() not in "select from where and or not is null like isa true false any"
    " every as order group having distinct first within".split())
_SCALARS = (st.text(max_size=8) | st.integers(-2**70, 2**70) | st.booleans() | st.none()
            | st.floats(allow_nan=False, allow_infinity=False))
_LITERALS = st.builds(Literal, _SCALARS | st.lists(_SCALARS, max_size=3).map(tuple))
_QUANTIFIERS = st.sampled_from(["", "ANY", "EVERY"])
_SIGNS = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])


def _several(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    some = st.lists(parts, min_size=2, max_size=3).map(tuple)
    return st.builds(And, some) | st.builds(Or, some) | st.builds(Not, parts)


def conditions(names: st.SearchStrategy[str]) -> st.SearchStrategy[wql.Condition]:
    """Conditions on properties and classes of those names."""
    steps = st.builds(Step, names, st.just("") | names, st.none() | st.integers(-1, 99))
    terms = st.builds(Term, st.lists(steps, min_size=1, max_size=3).map(tuple))
    operands = terms | _LITERALS
    simple = (st.builds(Compare, operands, _SIGNS, operands, _QUANTIFIERS)
              | st.builds(Like, operands, st.text(max_size=8), _QUANTIFIERS)
              | st.builds(IsNull, operands) | st.builds(Isa, terms, names))
    return st.recursive(simple, _several, max_leaves=8)


@given(conditions(_NAMES), st.sampled_from([WQL, CQL, FQL]))
def test_what_is_printed_says_the_same(
    condition: wql.Condition, language: wql.Language
) -> None:
    assert parse_condition(str(condition), language) == condition


_WORDS = st.sampled_from("select * from where C a b = <> < 1 'x' and or not is null like isa any "
                         "( ) { } [ ] , . :: \\ ' \" 0x 1. .5 1e9 # ♥".split())


@given(st.text(max_size=40) | st.lists(_WORDS, max_size=15).map(" ".join))
def test_any_text_is_a_query_or_a_wrong_one(text: str) -> None:
    for read, language in ((parse, WQL), (parse, CQL), (parse_condition, FQL)):
        try:
            assert read(text, language)
        except Error as error:
            assert error.status in (Status.INVALID_QUERY, Status.QUERY_FEATURE_NOT_SUPPORTED)
            assert "\n" not in error.text
