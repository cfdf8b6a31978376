# SPDX-License-Identifier: LGPL-2.1-or-later
"""What an operation is, and the kinds of answers that it may have to give."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Union


class Paths(NamedTuple):
    """These paths, each once, and no others; or with others."""

    paths: Iterable[str]
    others: bool = False


class Instances(NamedTuple):
    """An instance for each of these paths: with these properties, and no others or with others."""

    instances: Mapping[str, Mapping[str, Any]]
    others: bool = False


class Values(NamedTuple):
    """These entries somewhere in the answer: a dotted place in it, and what stands there."""

    values: Mapping[str, Any]


class Fails(NamedTuple):
    """A CIM error: its status and text."""

    status: int
    text: str


Answer = Union[Paths, Instances, Values, Fails, list[Any]]  # a list: all of it, in any order


class Operation(NamedTuple):
    """One call and what it must answer."""

    call: str
    arguments: Mapping[str, Any]
    expected: Answer

    @property
    def name(self) -> str:
        """What the test is called."""
        return f"{self.call}({', '.join(f'{k}={v}' for k, v in self.arguments.items())})"


Row = tuple[str, Mapping[str, Any], Answer]  # an Operation's fields
