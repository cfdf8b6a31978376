# SPDX-License-Identifier: LGPL-2.1-or-later
"""Conditions on instances: what fits, by type and language, and that it is as plain sets say."""

from __future__ import annotations

from typing import Any, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libvirt_cim import condition, mof, wql
from libvirt_cim.cim import Instance, Path
from libvirt_cim.model import Model
from libvirt_cim.wql import CQL, FQL, WQL, And, Compare, IsNull, Literal, Not, Or, Step, Term
from libvirt_cim.wql_parse import parse_condition

MODEL = Model(mof.read("""
class CIM_Top { string Name; };
class CIM_Guest : CIM_Top {
   uint16 State; boolean On; real64 Load; datetime Since; datetime Uptime; uint16 States[];
   string Names[]; CIM_Top REF Host; [EmbeddedInstance("CIM_Top")] string Disk;
};
class CIM_Event { string Source; };
"""))
GUEST = Instance("CIM_Guest", {
    "Name": "web1", "State": 2, "On": True, "Load": 0.5, "Since": "20240229120000.000000+060",
    "Uptime": "00000001020304.000000:000", "States": [2, 5], "Names": ["a", "b"],
    "Host": Path("CIM_Top", {"Name": "node"}), "Disk": Instance("CIM_Top", {"Name": "vda"}),
})
EVENT = Instance("CIM_Event", {"Source": GUEST})

FITS = [
    "Name = 'web1'", "name = 'web1'", "NAME <> 'Web1'", "Name > 'a'", "'x' > Name", "Name = name",
    "State = 2", "State = 2.0", "State < 3", "State >= 2", "Load = 0.5", "Load <= 1", "On = TRUE",
    "On <> FALSE", "Nothing IS NULL", "Nothing = NULL", "NOT Name = NULL", "Name IS NOT NULL",
    "Nothing <> 1", "Nothing = Neither", "NOT Nothing < 1", "Name <> 5", "NOT On < TRUE",
    "Since = '20240229110000.000000+000'", "Since > '20240228120000.000000+000'",
    "Since <> '20240229120000.000000+000'", "'20240229120000.000000+060' = Since",
    "Uptime < '00000002000000.000000:000'", "NOT Uptime < '20240229110000.000000+000'",
    "Uptime = '00000001020304.000000:000'", "NOT Since < 'yesterday'", "Since <> 'yesterday'",
    "States = {2, 5}", "States <> {2}", "States[0] = 2", "States[7] IS NULL", "States[*] = {2, 5}",
    "ANY States = 5", "NOT ANY States = 7", "EVERY States > 1", "NOT EVERY States > 2",
    "NOT ANY Nothing = 1", "NOT EVERY Nothing = 1", "NOT States = 2", "EVERY State = 2",
    "Host ISA CIM_Top", "NOT Host ISA CIM_Guest", "Host.Name = 'node'",
    "Host = 'CIM_Top.Name=\"node\"'", "Host <> 'CIM_Top.Name=\"x\"'", "Host <> 'nonsense{'",
    "Disk ISA CIM_Top", "Disk.Name = 'vda'", "Disk.CIM_Top::Name = 'vda'", "NOT Name ISA CIM_Top",
    "Disk.CIM_Guest::Name IS NULL", "Name.Name IS NULL", "__CLASS = 'CIM_Guest'",
    "__THIS ISA CIM_TOP",
    "ANY Names LIKE 'a'", "Name = 'x' OR Name = 'web1'", "Name = 'web1' AND NOT (On = FALSE)",
]
WQL_ONLY = ["State = '2'", "State < '3'", "On = 'true'", "On = 1", "Load = '0.5'",
            "Name LIKE 'web%'", "Name LIKE '%[0-9]'", "NOT State = 'x'"]
OTHERS = ["State <> '2'", "On <> 1", "NOT Name LIKE 'web%'"]


def fits(text: str, language: wql.Language = WQL, instance: Instance = GUEST) -> bool:
    """Whether an instance fits a text."""
    return condition.test(parse_condition(text, language), language, MODEL)(instance)


@pytest.mark.parametrize("language", [WQL, CQL, FQL], ids=lambda each: each.name)
@pytest.mark.parametrize("text", FITS)
def test_every_language(language: wql.Language, text: str) -> None:
    assert fits(text, language)
    assert not fits(f"NOT ({text})", language)


@pytest.mark.parametrize("text", WQL_ONLY)
def test_wql(text: str) -> None:
    assert fits(text)


@pytest.mark.parametrize("text", OTHERS)
def test_others(text: str) -> None:
    assert fits(text, CQL) and fits(text, FQL)


def test_patterns_by_language() -> None:
    assert fits("Name LIKE 'we.*'", CQL) and not fits("Name LIKE 'eb'", CQL)
    assert fits("Name LIKE 'eb'", FQL) and not fits("Name LIKE '^eb'", FQL)


def test_events() -> None:
    text = "Source ISA CIM_Guest AND Source.CIM_Guest::State <> Source.States[1]"
    assert fits(text, CQL, EVENT)
    assert not fits("Source.State <> Source.States[0]", CQL, EVENT)


def test_a_class_that_is_not_declared() -> None:
    other = Instance("Other_Class", {"Name": "x"})
    assert fits("Name = 'x' AND NOT __THIS ISA CIM_Top", WQL, other)


# as plain sets say

_VALUES = st.none() | st.integers(0, 3)
_ROWS = st.lists(st.tuples(_VALUES, _VALUES), min_size=1, max_size=12)
_ALL = {"=": lambda a, b: a == b, "<>": lambda a, b: a != b,
        "<": lambda a, b: a < b, "<=": lambda a, b: a <= b,
        ">": lambda a, b: a > b, ">=": lambda a, b: a >= b}
_PLACES = {"State": 0, "Load": 1}
_TERMS = st.sampled_from([Term((Step("State"),)), Term((Step("Load"),))])
_SIMPLE = st.builds(Compare, _TERMS, st.sampled_from(list(_ALL)),
                    _TERMS | st.builds(Literal, _VALUES)) | st.builds(IsNull, _TERMS)


def _several(parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    some = st.lists(parts, min_size=2, max_size=3).map(tuple)
    return st.builds(And, some) | st.builds(Or, some) | st.builds(Not, parts)


def chosen(what: Any, rows: list[tuple[Optional[int], Optional[int]]]) -> set[int]:
    """The numbers of the rows that fit, by operations on sets."""
    every = set(range(len(rows)))
    if isinstance(what, Not):
        return every - chosen(what.part, rows)
    if isinstance(what, And):
        return every.intersection(*(chosen(part, rows) for part in what.parts))
    if isinstance(what, Or):
        return set().union(*(chosen(part, rows) for part in what.parts))

    def value(operand: Any, number: int) -> Optional[int]:
        if isinstance(operand, Literal):
            found: Optional[int] = operand.value
            return found
        return rows[number][_PLACES[operand.steps[0].name]]

    if isinstance(what, IsNull):
        return {number for number in every if value(what.operand, number) is None}
    pairs = {number: (value(what.left, number), value(what.right, number)) for number in every}
    return {number for number, pair in pairs.items()
            if (None not in pair or what.sign in ("=", "<>")) and _ALL[what.sign](*pair)}


@given(st.recursive(_SIMPLE, _several, max_leaves=8), _ROWS, st.sampled_from([WQL, CQL, FQL]))
def test_as_sets_say(
    what: Any, rows: list[tuple[Optional[int], Optional[int]]], language: wql.Language
) -> None:
    instances = [
        Instance("CIM_Guest", {name: row[place] for name, place in _PLACES.items()
                               if row[place] is not None}) for row in rows]
    test = condition.test(what, language, MODEL)
    assert {number for number, each in enumerate(instances) if test(each)} == chosen(what, rows)


_TEXTS = st.text(max_size=3)
_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from(["20240229110000.000000+000", "2024**29110000.000000+000", "0000:000"])
    | st.builds(Path, st.just("CIM_Top"), st.dictionaries(_TEXTS, _TEXTS)),
    lambda inner: st.lists(inner, max_size=3)
    | st.builds(Instance, st.sampled_from(["CIM_Guest", "x"]), st.dictionaries(
        st.sampled_from(["Name", "Since", "States"]), inner)), max_leaves=6)


@given(_ANYTHING, _ANYTHING, st.sampled_from([WQL, CQL, FQL]))
def test_any_values_compare(left: Any, right: Any, language: wql.Language) -> None:
    instance = Instance("CIM_Guest", {"Name": left, "Since": right, "States": left})
    for text in ("Name {} Since", "Name {} States", "ANY States {} Name", "Name.Since {} Since",
                 "Name {} 5", "Name {} 'x'", "Name {} TRUE", "Name[0] {} Since.States[1]"):
        for sign in _ALL:
            assert fits(text.format(sign), language, instance) in (True, False)
    assert fits("Name = Since", language, instance) != fits("Name <> Since", language, instance)
