# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a document says, leaf by leaf, and which leaves a row may change.

Read from the mapping strings as texts; knows nothing of the engine's own reading of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from libvirt_cim.cim import Class, Property

ELSEWHERE = re.compile(r"Python\.|sum\(|class\(|rest\(\)|names\(|values\(|defined\(\)|/")
HOLE = re.compile(r"\{([^}]*)\}")


def leaves(root: Any) -> dict[str, str]:
    """Every element, attribute and text of a document: /domain[1]/os[1]/@firmware -> efi."""
    return dict(_leaves(root, f"/{root.tag}[1]"))


def _leaves(element: Any, path: str) -> Iterator[tuple[str, str]]:
    yield path, ""
    for name, value in element.attrib.items():
        yield f"{path}/@{name}", value
    text = element.text or ""
    if text.strip():
        yield f"{path}/#text", text
    count: dict[str, int] = {}
    for child in element:
        count[child.tag] = count.get(child.tag, 0) + 1
        yield from _leaves(child, f"{path}/{child.tag}[{count[child.tag]}]")


def place(node: Any) -> str:
    """The path of an element as `leaves` has it."""
    parent = node.getparent()
    if parent is None:
        return f"/{node.tag}[1]"
    return f"{place(parent)}/{node.tag}[{list(parent.iterchildren(node.tag)).index(node) + 1}]"


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    """The paths of what was added, removed or changed."""
    return {path for path in {*before, *after} if before.get(path) != after.get(path)}


def strings(row: Property, document: str) -> list[str]:
    """A row's mapping strings below the element, for a kind of document."""
    given = row.qualifier("MappingStrings") or []
    own = [text.partition("|")[2] for text in given if text.startswith(document + ".")]
    found = own or [text for text in given if "libvirt|" not in text]
    return [text for text in found if not ELSEWHERE.match(text) and not _whole(text)]


def _whole(text: str) -> bool:
    """Whether a text is a template that no leaf below the element fills."""
    holes = HOLE.findall(text)
    return bool(holes) and all(hole[0] == "/" or "()" in hole for hole in holes)


def paths(text: str) -> list[list[str]]:
    """The steps to every leaf that a mapping string names, without tests; [] is the element."""
    text = re.sub(r"^boolean\((.*)\)$", r"\1", text)
    text = re.sub(r"^self::(?:\w+|\*)(\[[^\]]*\])?/?", "", text)
    holes = HOLE.findall(text)
    start = re.match(r"(?:\./)?((?:[a-z][\w-]*/)*)", text)[1] if holes else ""  # type: ignore[index]
    found = [start + hole for hole in holes] if holes else [text]
    return [[re.sub(r"\[.*\]", "", step) for step in path.split("/") if step not in ("", ".")]
            for path in found]


def allowed(class_: Class, row: Property, document: str, at: str) -> re.Pattern[str]:
    """The paths that writing a row of the element at a path may change."""
    found = []
    for text in strings(row, document):
        for steps in paths(text):
            found.append(_below(row, text, steps, at))
            found += [re.escape(at) + (f"/{child}" if child[0] == "@" else rf"/{child}\[\d+\].*")
                      for child in _chosen(class_, steps)]
    return re.compile("|".join(found) or "(?!)")


def _chosen(class_: Class, steps: list[str]) -> set[str]:
    """The children, or attributes, that hold the arms an attribute of the element chooses among.
    """
    if len(steps) != 1 or steps[0][0] != "@":
        return set()
    return {
        path[0] for row in class_.properties.values()
        for text in row.qualifier("MappingStrings") or () if f"[{steps[0]}" in text.split("/")[0]
        for path in paths(text) if path
    }


def _below(row: Property, text: str, steps: list[str], at: str) -> str:
    """The leaf at the end of the steps, and the elements down to it."""
    while steps and steps[0] == "..":
        steps, at = steps[1:], at.rpartition("/")[0]
    tests = re.findall(r"\[(@\w+)", re.sub(r"^self::[^/]*", "", text))
    leaf = rf"/{steps[-1]}" if steps and steps[-1][0] == "@" else "/#text"
    leaf = "(?:" + "|".join([leaf, *(f"/{each}" for each in tests)]) + ")"
    if row.qualifier("Virt_Unit"):
        leaf = rf"(?:{leaf}|/@unit)"
    if text.startswith("boolean("):
        leaf = ".*"
    if row.qualifier("EmbeddedInstance"):
        leaf = ".*"
    elements = [step for step in steps if step[0] != "@"]
    found = f"(?:{leaf})?"
    for depth, name in enumerate(reversed(elements)):
        number = r"\d+" if row.is_array and depth == 0 or tests else "1"
        found = rf"(?:/{name}\[{number}\]{found})?"
    return re.escape(at) + found
