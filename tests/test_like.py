# SPDX-License-Identifier: LGPL-2.1-or-later
"""LIKE: wildcards and regular expressions, what is wrong with one, and that none takes long."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libvirt_cim.cim import Error, Status
from libvirt_cim.like import matcher

# pattern, texts that are like it, texts that are not
WILDCARDS = [
    ("", [""], ["a"]),
    ("web%", ["web", "web1", "web\n1"], ["Web1", "aweb", "we"]),
    ("%web%", ["web", "aweb1"], ["w"]),
    ("_a_", ["bab", "_a_"], ["a", "bab1"]),
    ("[a-c]1", ["a1", "c1"], ["d1", "-1"]),
    ("[^a-c]1", ["d1"], ["a1"]),
    ("%[_][%]", ["a_%"], ["ab%"]),
    ("[]]x", ["]x"], ["[x"]),
    ("[a", ["[a"], ["a"]),
    ("a.*", ["a.*"], ["ab"]),
    ("[a-]", ["a", "-"], ["b"]),
]
EXPRESSIONS = [
    ("web", ["web"], ["webs", "aweb"]),
    ("web.*", ["web", "web12"], ["awe"]),
    ("a+b?", ["a", "aab"], ["b", "abb"]),
    ("(ab)*c", ["c", "ababc"], ["abac"]),
    ("a|bc", ["a", "bc"], ["ac", "b"]),
    (r"a\.b\\", ["a.b\\"], ["acb\\"]),
    ("r[au]t", ["rat", "rut"], ["ret"]),
    ("r[au]^t", ["ret"], ["rat"]),
    ("r[^au]t", ["ret"], ["rat"]),
    ("[0-9]{2}", ["12"], ["1", "123"]),
    ("x{1,2}", ["x", "xx"], ["", "xxx"]),
    ("x{2,}", ["xx", "xxxx"], ["x"]),
    ("^ab$", ["ab"], ["abc"]),
    ("[\\]]", ["]"], ["\\"]),
]
WRONG = {
    "*a": "'*' repeats nothing", "(a": "it ends too early", "a)": "')' closes nothing",
    "[ab": "it ends too early", "a\\": "it ends too early", "a{2,1}": "{2,1} is no number of times",
    "a{x}": "{x} is no number of times", "a{,2}": "{,2} is no number of times",
    "a{99999}": "it is too long", "(a{1000}){1000}": "it is too long",
    "(" * 60 + ")" * 60: "it is nested too deeply",
}


@pytest.mark.parametrize("pattern, like, unlike", WILDCARDS)
def test_wildcards(pattern: str, like: list[str], unlike: list[str]) -> None:
    matches = matcher(pattern, True, True)
    assert [each for each in like if not matches(each)] == []
    assert [each for each in unlike if matches(each)] == []


@pytest.mark.parametrize("pattern, like, unlike", EXPRESSIONS)
def test_expressions(pattern: str, like: list[str], unlike: list[str]) -> None:
    matches = matcher(pattern, False, True)
    assert [each for each in like if not matches(each)] == []
    assert [each for each in unlike if matches(each)] == []


@pytest.mark.parametrize("pattern, like, unlike", [
    ("eb", ["web1", "eb"], ["e", "be"]), ("^we", ["web"], ["owe"]), ("b$", ["web"], ["webs"]),
    ("", ["", "a"], []), ("^$", [""], ["a"]), ("^a|b$", ["ac", "cb"], ["cac"]),
])
def test_parts(pattern: str, like: list[str], unlike: list[str]) -> None:
    """FQL: a pattern describes some part of a text unless it has anchors."""
    matches = matcher(pattern, False, False)
    assert [each for each in like if not matches(each)] == []
    assert [each for each in unlike if matches(each)] == []


@pytest.mark.parametrize("pattern, why", WRONG.items())
def test_wrong(pattern: str, why: str) -> None:
    with pytest.raises(Error) as raised:
        matcher(pattern, False, True)
    assert raised.value.status == Status.INVALID_QUERY
    assert raised.value.text == f"the pattern of LIKE: {why}"


@pytest.mark.parametrize("pattern, wildcards", [
    ("(a*)*b", False), ("(a|a)*b", False), ("(a+)+$b", False), ("%a" * 30 + "%b", True)])
def test_none_takes_long(pattern: str, wildcards: bool) -> None:
    begun = time.process_time()
    assert not matcher(pattern, wildcards, True)("a" * 2000)
    assert time.process_time() - begun < 5


_SINGLE = st.sampled_from(["a", "b", "c", ".", "[ab]", "(a|bc)", "(ab)"])
_PIECE = st.tuples(_SINGLE, st.sampled_from(["", "*", "+", "?", "{1,2}", "{2}"])).map("".join)
_PATTERN = st.lists(st.lists(_PIECE, max_size=4).map("".join), min_size=1, max_size=3)


@given(_PATTERN.map("|".join), st.text("abc", max_size=8))
def test_as_other_regular_expressions(pattern: str, text: str) -> None:
    assert matcher(pattern, False, True)(text) == bool(re.fullmatch(pattern, text))
    assert matcher(pattern, False, False)(text) == bool(re.search(pattern, text))


@given(st.text("ab%_", max_size=6), st.text("ab_%", max_size=8))
def test_as_wildcards(pattern: str, text: str) -> None:
    other = re.escape(pattern).replace("%", ".*").replace("_", ".")
    assert matcher(pattern, True, True)(text) == bool(re.fullmatch(other, text, re.DOTALL))


@given(st.text("a(b)[]{}^$*+?|\\.1,-", max_size=12), st.text("ab1", max_size=5), st.booleans())
def test_any_text_is_a_pattern_or_a_wrong_one(pattern: str, text: str, whole: bool) -> None:
    assert matcher(pattern, True, whole)(text) in (True, False)
    try:
        assert matcher(pattern, False, whole)(text) in (True, False)
    except Error as error:
        assert error.status == Status.INVALID_QUERY
