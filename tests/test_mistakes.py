# SPDX-License-Identifier: LGPL-2.1-or-later
"""One mistake, one file, one exact message: what a table can have wrong, tests/mof/NAME.mof.

NAME.err holds the messages. A text that is no MOF stops at its first mistake; all others are
reported at once.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import libvirt_cim
from libvirt_cim import mof
from libvirt_cim.cim import Class, Error, Status
from libvirt_cim.schema import Schema, declarations

FOLDER = Path(__file__).parent / "mof"
CASES = sorted(each.stem for each in FOLDER.glob("*.err"))
MODULES = ("mof", "model", "schema", "row", "expression", "root", "check")


def load(text: str, file: str) -> Schema:
    """A schema of DMTF's classes and those of a text."""
    base = [each for each in declarations()
            if not isinstance(each, Class) or each.name.startswith("CIM_")]
    return Schema([*base, *mof.read(text, file)])


@pytest.mark.parametrize("name", CASES)
def test_mistake(name: str) -> None:
    file = FOLDER / f"{name}.mof"
    with pytest.raises(Error) as error:
        load(file.read_text("utf-8"), file.name)
    assert str(error.value) + "\n" == (FOLDER / f"{name}.err").read_text("utf-8")
    assert error.value.status == Status.INVALID_PARAMETER


@pytest.mark.parametrize("name", CASES)
def test_message_has_its_place(name: str) -> None:
    """file:line: Class.property: what; file:line: what, of a text that is no MOF."""
    lines = (FOLDER / f"{name}.err").read_text("utf-8").splitlines()
    assert len(lines) == (2 if name.startswith("several") else 1)
    for line in lines:
        assert re.match(rf"{re.escape(name)}\.mof:\d+: \S", line)


def test_every_file_has_its_message() -> None:
    files = {each.stem for each in FOLDER.glob("*.mof")} - {"features"}
    assert files == set(CASES)


def test_every_message_has_its_file() -> None:
    """Every text that these modules refuse a table with is in some file, its names aside."""
    seen = "\n".join((FOLDER / f"{name}.err").read_text("utf-8") for name in CASES)
    missing = [text for name in MODULES for text in messages(name)
               if not re.search(pattern(text), seen)]
    assert not missing


def messages(module: str) -> list[str]:
    """The texts in a module's source that say what is wrong."""
    source = (Path(libvirt_cim.__file__).parent / f"{module}.py").read_text("utf-8")
    said = re.findall(
        r'(?:yield|Mistake\(|fail\(|invalid\(|append\(\s*) ?f?"((?:[^"\\]|\\.)*)"', source)
    return [text.replace('\\"', '"') for text in said if " " in text.strip("{}:,; ")]


def pattern(text: str) -> str:
    """An expression for a text in which anything stands between braces."""
    return ".*".join(re.escape(part) for part in re.split(r"\{[^{}]*\}", text))
