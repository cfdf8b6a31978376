# SPDX-License-Identifier: LGPL-2.1-or-later
"""JSON: what is written is read back, but for what only a class can tell; wrong shapes are told."""

from __future__ import annotations

import json as plain_json
from typing import Any

import pytest
from codecs_data import ANY, classes, instances, paths
from hypothesis import given
from hypothesis import strategies as st

from libvirt_cim import cim
from libvirt_cim.adapter import json
from libvirt_cim.cim import Error, Instance, Path, Status
from libvirt_cim.value import RANGES

CLEAN = ANY.map(lambda each: "".join(c for c in each if not 0xD800 <= ord(c) < 0xE000))


def typed(instance: Instance) -> Instance:
    """What JSON leaves to the class: integers and paths that are strings."""
    rows = classes(instance.class_name).properties
    for name, value in instance.properties.items():
        many = isinstance(value, list)
        values = [_typed(rows[name].type, each) for each in (value if many else [value])]
        instance.properties[name] = values if many else values[0]
    return instance


def _typed(type_: str, value: Any) -> Any:
    if isinstance(value, Instance):
        return typed(value)
    if isinstance(value, str) and type_ in RANGES:
        return int(value)
    return cim.parse_path(value) if isinstance(value, str) and type_ == "reference" else value


@given(st.lists(st.tuples(instances(CLEAN), st.none() | paths(CLEAN)), max_size=4))
def test_round_trip(given: list[tuple[Instance, Any]]) -> None:
    written = [Instance(each.class_name, each.properties, path) for each, path in given]
    text = "".join(json.encode(written))
    text.encode()
    read = [typed(each) for each in json.decode(text, "test")]
    assert read == written
    assert [str(each.path) for each in read] == [str(each.path) for each in written]
    assert [each.place for each in read] == [f"test[{index}]" for index in range(len(read))]
    for number in numbers(plain_json.loads(text)):
        assert abs(number) <= json.EXACT
    assert [typed(each) for each in json.decode(text.encode())] == written


def numbers(found: Any) -> list[int]:
    """All integers in a JSON value."""
    if isinstance(found, (list, dict)):
        inside = found.values() if isinstance(found, dict) else found
        return [number for each in inside for number in numbers(each)]
    return [found] if isinstance(found, int) else []


def test_a_text_as_it_is() -> None:
    path = Path("Virt_Part", {"Name": 'x"y', "Number": 3}, "root/virt")
    text = "".join(json.encode([
        Instance("Virt_All", {
            "Text": "é\n\x01", "U64": 2**53, "S64": 1 - 2**53, "Name": None, "Large": 1.0,
            "Numbers": [1, None, -2**53], "Dates": [], "Link": path,
            "Parts": [Instance("Virt_Part", {"Flag": True, "Inner": None})],
        }, Path("Virt_All", {"Name": "a"})),
        Instance("Virt_Part"),
    ]))
    assert text == """[
 {
  "path": "Virt_All.Name=\\"a\\"",
  "class": "Virt_All",
  "properties": {
   "Text": "é\\n\\u0001",
   "U64": "9007199254740992",
   "S64": -9007199254740991,
   "Large": 1.0,
   "Numbers": [
    1,
    null,
    "-9007199254740992"
   ],
   "Dates": [],
   "Link": "root/virt:Virt_Part.Name=\\"x\\\\\\"y\\",Number=3",
   "Parts": [
    {
     "class": "Virt_Part",
     "properties": {
      "Flag": true
     }
    }
   ]
  }
 },
 {
  "class": "Virt_Part",
  "properties": {}
 }
]
"""


def test_streams() -> None:
    def endless() -> Any:
        while True:
            yield Instance("X")

    pieces = json.encode(endless())
    assert next(pieces) == '[\n {\n  "class": "X",\n  "properties": {}\n }'
    assert next(pieces) == ',\n {\n  "class": "X",\n  "properties": {}\n }'
    assert "".join(json.encode([])) == "[]\n"
    assert json.decode("[]") == []


def test_half_a_character_is_escaped() -> None:
    text = "".join(json.encode([Instance("X", {"P": "\ud800"})]))
    assert r'"\ud800"' in text
    assert json.decode(text)[0]["P"] == "\ud800"


def test_integers_either_way() -> None:
    text = '[{"class": "X", "properties": {"A": 18446744073709551615, "B": "5", "C": null}}]'
    assert json.decode(text)[0].properties == {"A": 2**64 - 1, "B": "5"}


@pytest.mark.parametrize(("value", "message"), [
    (float("nan"), "X.P: JSON has no nan"),
    (float("inf"), "X.P: JSON has no inf"),
    (b"a", "X.P: b'a' is not of type CIM"),
])
def test_refused_when_written(value: Any, message: str) -> None:
    for each in (value, [value]):
        with pytest.raises(Error) as caught:
            list(json.encode([Instance("X", {"P": each})]))
        assert str(caught.value) == message


def whole(properties: str) -> str:
    return f'[{{"class": "Y", "properties": {{}}}}, {{"class": "X", "properties": {properties}}}]'


@pytest.mark.parametrize(("text", "message"), [
    ("", "f.json:1: Expecting value"),
    ("[\n{]", "f.json:2: Expecting property name enclosed in double quotes"),
    ("[" * 100000, "f.json: values are nested too deeply"),
    (b"[\xff]", "f.json: the text is not UTF-8"),
    ("{}", "f.json: expected an array of instances"),
    ("5", "f.json: expected an array of instances"),
    ("[5]", "f.json[0]: expected an object, not 5"),
    ("[NaN]", "f.json[0]: expected an object, not NaN"),
    ("[[]]", "f.json[0]: expected an object, not an array"),
    ("[null]", "f.json[0]: expected an object, not nothing"),
    ("[{}]", "f.json[0]: the class is not named"),
    ('[{"class": 5}]', "f.json[0]: the class is not named"),
    ('[{"class": ""}]', "f.json[0]: the class is not named"),
    ('[{"class": "X"}]', "f.json[0]: X: properties: expected an object, not nothing"),
    ('[{"class": "X", "properties": []}]',
     "f.json[0]: X: properties: expected an object, not an array"),
    ('[{"class": "X", "properties": {}, "key": 5}]', "f.json[0]: an instance has no 'key'"),
    ('[{"class": "X", "class": "X", "properties": {}}]', "f.json[0]: class is given twice"),
    ('[{"class": "X", "properties": {}, "path": 5}]',
     "f.json[0]: expected the path as a string, not 5"),
    ('[{"class": "X", "properties": {}, "path": "a b"}]',
     "f.json[0]: 'a b' is not an object path"),
    (whole('{"P": 1, "p": 2}'), "f.json[1]: X: properties: p is given twice"),
    (whole('{"P": NaN}'), "f.json[1]: X.P: NaN is not a number of CIM"),
    (whole('{"P": [-Infinity]}'), "f.json[1]: X.P: -Infinity is not a number of CIM"),
    (whole('{"P": 1e999}'), "f.json[1]: X.P: 1e999 is not a number of CIM"),
    (whole('{"P": ' + "9" * 5000 + "}"), f"f.json[1]: X.P: {'9' * 40}… is not a number of CIM"),
    (whole('{"P": [[]]}'), "f.json[1]: X.P: an array inside an array"),
    (whole('{"P": {"a": 5}}'), "f.json[1]: X.P: an instance has no 'a'"),
    (whole('{"P": {"class": "Z", "properties": {}, "path": "Z"}}'),
     "f.json[1]: X.P: an instance has no 'path'"),
    (whole('{"P": [{"class": "Z", "properties": {"Q": NaN}}]}'),
     "f.json[1]: X.P: Z.Q: NaN is not a number of CIM"),
])
def test_refused_when_read(text: Any, message: str) -> None:
    with pytest.raises(Error) as caught:
        json.decode(text, "f.json")
    assert (str(caught.value), caught.value.status) == (message, Status.INVALID_PARAMETER)
