# SPDX-License-Identifier: LGPL-2.1-or-later
"""Another's classes and provider modules in OpenPegasus as MOF, so that they can come back.

What is read is what cimcli shows of a server that runs.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from . import files

REGISTERED = ("PG_ProviderModule", "PG_Provider", "PG_ProviderCapabilities")
REGISTRATION = "registration"  # the file of it, beside one for each namespace
_CLASS = re.compile(r"^class (\w+)(?:\s*:\s*(\w+))?", re.MULTILINE)
_INSTANCE = re.compile(r"^instance of \w+\s*\{.*?^\};\n", re.MULTILINE | re.DOTALL)
_NULL = re.compile(r"^\s*\w+ = NULL;\n", re.MULTILINE)
_MODULE = re.compile(r'^\s*ProviderModuleName = "([^"]*)"|^\s*Name = "([^"]*)"', re.MULTILINE)


# What embeds an instance is a string in MOF; cimcli calls it an instance, and ends no such line.
_EMBEDS = re.compile(r"^(\s+)(?:instance|object) (\w+(?:\[\d*\])?);?$", re.MULTILINE)


def classes(namespace: str, names: Collection[str], links: Collection[str]) -> str:
    """Classes of a namespace, each behind its superclass; links, which name others, at the end."""
    texts = {each: _EMBEDS.sub(r"\1string \2;", files.run("cimcli", "gc", "-n", namespace, each))
             for each in names}
    above = {name: found[2] or "" for name, text in texts.items()
             for found in [_CLASS.search(text)] if found}
    order = sorted(texts, key=lambda each: (each in links, len([*_up(each, above)])))
    return "".join(texts[each] for each in order)


def _up(name: str, above: Mapping[str, str]) -> Iterator[str]:
    """The superclasses of a class, as far as they are among those."""
    while name in above:
        name = above[name]
        yield name


def registration(interop: str, modules: Collection[str]) -> str:
    """The registration of provider modules."""
    found = []
    for each in REGISTERED:
        for text in _INSTANCE.findall(files.run("cimcli", "ei", "-n", interop, each)):
            names = dict(zip(("of", "own"), map("".join, zip(*_MODULE.findall(text)))))
            if (names.get("of") or names.get("own")) in modules:
                found.append(_NULL.sub("", text))
    return "".join(found)


def namespace_of(file: Path, interop: str) -> str:
    """Where a file is compiled."""
    return interop if file.name == REGISTRATION else file.stem.replace("#", "/")
