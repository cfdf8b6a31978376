# SPDX-License-Identifier: LGPL-2.1-or-later
"""The model of a host, held against what the profiles of xml/catalog/profile.xml ask for.

Knows the catalog and a provider; no class by name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from . import resource, tree
from .cim import Error, Path, Status
from .provider import Provider

CATALOG = "xml/catalog/profile.xml"
METHOD = "GetCentralInstances"


class Requirement(NamedTuple):
    """What one profile asks for: a class, how much of it, and on what evidence."""

    profile: str
    class_name: str
    level: str  # mandatory, conditional or optional
    evidence: str
    when: str  # the condition of what is conditional
    central: bool  # whether each central instance has such a link


class Finding(NamedTuple):
    """A requirement, how many instances there are, and what is wrong with them."""

    requirement: Requirement
    number: int
    wrong: tuple[str, ...]

    @property
    def met(self) -> bool:
        """Whether what is mandatory is there, and whatever is there is as it has to be."""
        missing = self.requirement.level == "mandatory" and not self.number
        return not missing and not self.wrong


def requirements() -> Iterator[Requirement]:
    """Everything that the profiles ask for."""
    for profile in tree.parse(resource.text(CATALOG), CATALOG).iterchildren("profile"):
        for each in profile.iterchildren("requires"):
            yield Requirement(profile.get("id", ""), each.get("class", ""), each.get("level", ""),
                              each.get("evidence", ""), each.get("when", ""),
                              each.get("from") == "central")


def findings(provider: Provider) -> Iterator[Finding]:
    """What a host has of everything that the profiles ask for."""
    profiles = {next(iter(path.keys.values())): path
                for path in _all(provider, "CIM_RegisteredProfile")}
    known: dict[str, tuple[int, list[str]]] = {}
    for each in requirements():
        if each.class_name not in known:
            found = _all(provider, each.class_name)
            links = found if _is_link(provider, each.class_name) else []
            known[each.class_name] = len(found), list(_one_sided(provider, links))
        number, wrong = known[each.class_name]
        unlinked = _unlinked(provider, profiles[each.profile], each.class_name) \
            if each.central and number else ()
        yield Finding(each, number, (*wrong, *unlinked))


def _is_link(provider: Provider, name: str) -> bool:
    known = name in provider.schema
    return known and bool(provider.schema.resolved(name).qualifier("Association"))


def _all(provider: Provider, class_name: str) -> list[Path]:
    """The instances of a class in whatever namespace; none of one that is not declared."""
    found: dict[Path, None] = {}
    for place in provider.namespaces:
        try:
            found.update(dict.fromkeys(provider.enumerate_instance_names(class_name, place)))
        except Error as error:
            if error.status != Status.INVALID_CLASS:
                raise
    return list(found)


def _one_sided(provider: Provider, links: list[Path]) -> Iterator[str]:
    """The links of which one end does not know."""
    seen: dict[tuple[Path, str], set[Path]] = {}
    for link in links:
        for role, end in link.keys.items():
            from_here = end, link.class_name
            if from_here not in seen:
                seen[from_here] = set(provider.reference_names(*from_here))
            if link not in seen[from_here]:
                yield f"{link} is not seen from its {role}"


def _unlinked(provider: Provider, profile: Path, class_name: str) -> Iterator[str]:
    """The central instances of a profile that have no such link."""
    (central,) = provider.invoke_method(profile, METHOD)[1].values()
    for each in central:
        if next(iter(provider.reference_names(each, class_name)), None) is None:
            yield f"{each} has none"
