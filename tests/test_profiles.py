# SPDX-License-Identifier: LGPL-2.1-or-later
"""Profiles: what they ask for is there; they are those of libvirt-cim, and hang together.

xml/catalog/profile.xml says what is asked for.
"""

from __future__ import annotations

from typing import Any

import pytest
from command_line import run
from lab import LAB

from libvirt_cim import resource, tree
from libvirt_cim.conformance import CATALOG, Finding, Requirement, findings, requirements
from libvirt_cim.provider import Provider
from libvirt_cim.schema import load

# A mandatory element that is not there yet: (profile, class) -> why.
NOT_YET: dict[tuple[str, str], str] = {
    ("CIM:DSP1041-ResourceAllocation-1.1.0_p", "CIM_ElementCapabilities"):
        "pools have no allocation capabilities yet",
    ("CIM:DSP1041-ResourceAllocation-1.1.0_m", "CIM_ElementCapabilities"):
        "pools have no allocation capabilities yet",
    ("CIM:DSP1041-ResourceAllocation-1.1.0_d", "CIM_ElementCapabilities"):
        "pools have no allocation capabilities yet",
    ("CIM:DSP1041-ResourceAllocation-1.1.0_n", "CIM_ElementCapabilities"):
        "pools have no allocation capabilities yet",
    ("CIM:DSP1043-AllocationCapabilities-1.0.0", "CIM_AllocationCapabilities"):
        "pools have no allocation capabilities yet",
}
# Registered by libvirt-cim under these names; now in versions that DMTF has published.
NAMES = {
    "DSP1042": "System Virtualization", "DSP1057": "Virtual System Profile",
    "DSP1059": "Generic Device Resource Virtualization",
    "DSP1045": "Memory Resource Virtualization", "DSP1081": "Virtual System Migration",
    "DSP1076": "KVM Redirection", "DSP1043": "Allocation Capabilities",
    "DSP1041": "Resource Allocation",
}
LEVELS = {"mandatory", "conditional", "optional"}


@pytest.fixture(scope="module")
def found(lab: Provider) -> list[Finding]:
    return list(findings(lab))


def test_what_is_mandatory_is_there(found: list[Finding]) -> None:
    unmet = {(each.requirement.profile, each.requirement.class_name): each
             for each in found if not each.met}
    assert not [each for key, each in unmet.items() if key not in NOT_YET]
    assert set(NOT_YET) <= {(each.profile, each.class_name) for each in requirements()}


def test_a_conformance_that_is_not_there_is_found(
    lab: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [Requirement("CIM:DSP1057-VirtualSystem-1.0.0", name, "mandatory", "M", "", central)
             for name, central in (("CIM_ConcreteJob", False), ("CIM_NoSuch", False),
                                   ("CIM_HostedService", True), ("CIM_System", False))]
    monkeypatch.setattr("libvirt_cim.conformance.requirements", lambda: iter(asked))
    job, unknown, unlinked, met = findings(lab)
    assert not job.met and not unknown.met and met.met and met.number == 11
    assert len(unlinked.wrong) == 8 and unlinked.wrong[0].endswith("has none")


def test_a_link_that_one_end_does_not_know_is_found(
    lab: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = lab.reference_names
    monkeypatch.setattr(lab, "reference_names", lambda path, *a, **more: iter(
        () if path.class_name == "Virt_HostSystem" else original(path, *a, **more)))
    asked = Requirement("", "CIM_HostedResourcePool", "optional", "M", "", False)
    monkeypatch.setattr("libvirt_cim.conformance.requirements", lambda: iter([asked]))
    (finding,) = findings(lab)
    assert not finding.met
    assert all(each.endswith("is not seen from its GroupComponent") for each in finding.wrong)


def test_the_catalog_is_whole() -> None:
    root: Any = tree.parse(resource.text(CATALOG))
    ids = [each.get("id") for each in root.iterchildren("profile")]
    assert len(set(ids)) == len(ids)
    for profile in root.iterchildren("profile"):
        assert profile.get("central") in load() or profile.get("id") in {key for key, _ in NOT_YET}
        assert profile.get("scoping") in load()
        assert tuple(map(int, profile.get("version").split("."))) >= (1, 0, 0)
        assert profile.get("id").startswith("CIM:DSP")
        assert profile.get("version") in profile.get("id")
        for each in profile.iterchildren("reference"):
            assert each.get("to") in ids
    for each in requirements():
        assert each.level in LEVELS and set(each.evidence) <= set("SCHTM")
        assert bool(each.when) == (each.level == "conditional")


def test_profiles_are_registered(lab: Provider) -> None:
    profiles = list(lab.enumerate_instances("CIM_RegisteredProfile"))
    names = {each["InstanceID"][4:11]: each["RegisteredName"] for each in profiles}
    assert names.items() >= NAMES.items()
    assert {(each["RegisteredOrganization"], *each["AdvertiseTypes"]) for each in profiles} == {
        (2, 2)}


def test_references_lead_from_the_profile_that_needs_the_other(lab: Provider) -> None:
    links = [(each["Dependent"].keys["InstanceID"], each["Antecedent"].keys["InstanceID"])
             for each in lab.enumerate_instances("CIM_ReferencedProfile")]
    assert ("CIM:DSP1042-SystemVirtualization-1.0.0", "CIM:DSP1057-VirtualSystem-1.0.0") in links
    assert not [each for each in links if each[::-1] in links]
    reached, waiting = set(), ["CIM:DSP1042-SystemVirtualization-1.0.0"]
    while waiting:
        reached.add(waiting.pop())
        waiting += [to for by, to in links if by in reached and to not in reached]
    assert reached == {path.keys["InstanceID"]
                       for path in lab.enumerate_instance_names("CIM_RegisteredProfile")}


def test_command_reports(found: list[Finding]) -> None:
    ran = run("-c", LAB, "profiles")
    unmet = [each for each in found if not each.met]
    assert ran.status == bool(unmet)
    assert "met: CIM:DSP1042-SystemVirtualization-1.0.0: CIM_System (mandatory, M): 11" in ran.out
    assert ran.out.count("not met: ") == len(unmet)
    if unmet:
        assert ran.err == (f"libvirt-cim: {len(unmet)} of {len(found)} requirements are not met\n")
