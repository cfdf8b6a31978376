# SPDX-License-Identifier: LGPL-2.1-or-later
"""Referential: every reference leads somewhere, from both ends, and what must be linked is.

On libvirt's own test host, on the lab with an agent and checkpoints, and on a host made of
libvirt's test documents: a third of its guests is off, a third runs, a third runs and is transient.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Optional

import attrs
import corpus
import pytest
from enumerated import Host, answering_lab, made_of
from lxml import etree

from libvirt_cim.cim import Error, Instance, Path
from libvirt_cim.hypervisor.connection import Connection

SWITCH = "Virt_VirtualEthernetSwitch"
STORED = [f"Virt_{each}ResourceAllocationSettingData"
          for each in ("StorageVolume", "DiskPool", "NetPool")]
STEP = 60  # every so manieth of libvirt's documents


@pytest.fixture(scope="module", params=["default", "lab", pytest.param(
    "corpus", marks=pytest.mark.corpus)])
def host(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Host]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield _host(request.param, tmp_path_factory, monkeypatch)


def _host(
    name: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Host:
    if name == "default":
        return Host(Connection("test:///default"))
    if name == "lab":
        return answering_lab(monkeypatch)
    if not corpus.documents():
        (pytest.fail if corpus.REQUIRED else pytest.skip)(corpus.MISSING)
    made = made_of(corpus.sample(STEP), tmp_path_factory.mktemp("host"))
    assert len(made.guests) > 30
    return made


def counted(paths: Iterable[Path]) -> Counter[str]:
    """Paths to compare, as a difference is to be read."""
    return Counter(map(str, paths))


def same(one: Instance, other: Instance) -> bool:
    """Whether two instances are the same; what counts may have gone on between them."""
    if one.get("Volatile") and other.get("Volatile"):
        other = attrs.evolve(other, properties={**other.properties})
        other.properties["MetricValue"] = one.get("MetricValue")
    return one == other


# what every association has to keep

def test_nothing_is_enumerated_twice(host: Host) -> None:
    for paths in (host.instances, host.links):
        assert not [path for path, number in counted(paths).items() if number > 1]


def test_a_path_leads_to_its_instance(host: Host) -> None:
    for path in [*host.instances, *host.links][::host.step]:
        found = host.provider.get_instance(path)
        assert found.path == path
        assert found.class_name == path.class_name
        assert {name: found[name] for name in path.keys} == path.keys


def test_a_reference_leads_to_an_instance_of_its_class(host: Host) -> None:
    known = set(host.instances)
    for link in host.links:
        for role, end in link.keys.items():
            declared = host.schema.resolved(link.class_name).properties[role]
            assert host.schema.is_a(end.class_name, declared.reference_class or "")
            assert end.namespace == host.places(end.class_name)[0]
            assert end in known


def test_references_are_those_enumerated(host: Host) -> None:
    for path in host.instances[::host.step]:
        expected = {str(link): 1 for _, link in host.around[path]}
        assert counted(host.provider.reference_names(path)) == expected


def test_instances_of_references_are_those_got(host: Host) -> None:
    for path in host.instances[:: max(1, len(host.instances) // 40)]:
        for each in host.provider.references(path):
            assert same(each, host.provider.get_instance(each.path or ""))


def ends(host: Host, path: Path, roles: Optional[set[str]] = None) -> Counter[str]:
    """The other ends of the links around a path; itself where it is both."""
    found = {
        end for role, link in host.around[path] if roles is None or role in roles
        for name, end in link.keys.items() if name != role
    }
    return counted(found)


def test_associators_are_the_other_ends(host: Host) -> None:
    for path in host.instances[::host.step]:
        assert counted(host.provider.associator_names(path)) == ends(host, path)


def test_instances_of_associators_are_those_got(host: Host) -> None:
    for path in host.instances[:: max(1, len(host.instances) // 40)]:
        for each in host.provider.associators(path):
            assert same(each, host.provider.get_instance(each.path or ""))


def some(host: Host, most: int = 60) -> list[Path]:
    """Instances of every class, not too many."""
    by_class: dict[str, list[Path]] = defaultdict(list)
    for path in host.instances:
        by_class[path.class_name].append(path)
    return [path for paths in by_class.values()
            for path in paths[:: max(1, len(paths) * len(by_class) // most)]][::host.step]


def test_filters_of_references(host: Host) -> None:
    for path in some(host):
        around = host.around[path]
        for role in {role for role, _ in around}:
            expected = {str(link): 1 for mine, link in around if mine == role}
            for spelled in (role, role.upper()):
                assert counted(host.provider.reference_names(path, role=spelled)) == expected
        for name in {name for _, link in around
                     for name in host.schema.superclasses(link.class_name)}:
            expected = {str(link): 1 for _, link in around
                        if host.schema.is_a(link.class_name, name)}
            assert counted(host.provider.reference_names(path, name)) == expected


def test_filters_of_associators(host: Host) -> None:
    names = host.provider.associator_names
    for path in some(host):
        around = host.around[path]
        for role in {role for role, _ in around}:
            assert counted(names(path, role=role)) == ends(host, path, {role})
        for name, result in _results(around):
            wanted = {link.keys[name] for role, link in around
                      if name in link.keys and name != role and result == link.class_name}
            assert counted(names(path, result, result_role=name)) == counted(wanted)
        every = [host.provider.get_instance(text).class_name for text in ends(host, path)]
        above = sorted({name for each in every for name in host.schema.superclasses(each)})
        for name in above[::4]:
            found = [each.class_name for each in names(path, result_class=name)]
            assert Counter(found) == Counter(
                each for each in every if host.schema.is_a(each, name))


def _results(around: list[tuple[str, Path]]) -> set[tuple[str, str]]:
    return {(name, link.class_name) for _, link in around for name in link.keys}


# what must be linked

def devices(host: Host, of: str) -> list[Path]:
    """The devices of the systems of a class."""
    return [path for path in host.of("CIM_LogicalDevice")
            if path.keys["SystemCreationClassName"] == host.own(of)]


def test_a_device_has_one_setting(host: Host) -> None:
    found = [*devices(host, "Virt_ComputerSystem"), *devices(host, "Virt_HostSystem")]
    assert found
    for path in found:
        settings = host.others(path, "CIM_SettingsDefineState", "ManagedElement", "SettingData")
        assert len(settings) == 1, path
        assert host.schema.is_a(settings[0].class_name, "CIM_ResourceAllocationSettingData")
        systems = host.others(path, "CIM_SystemDevice", "PartComponent", "GroupComponent")
        assert [each.keys["Name"] for each in systems] == [path.keys["SystemName"]]
        assert systems[0].class_name == path.keys["SystemCreationClassName"]


def test_a_port_of_a_switch_is_where_a_running_guest_is_connected(host: Host) -> None:
    connected = [
        (each.xpath("string(source/@network)"), each.xpath("string(mac/@address)"))
        for guest in host.guests.values() if guest.isActive()
        for each in etree.fromstring(guest.XMLDesc()).iterfind(
            "devices/interface/source[@network]/..")
    ]
    found = []
    for path in devices(host, "Virt_VirtualEthernetSwitch"):
        (switch,) = host.others(path, "CIM_SystemDevice", "PartComponent", "GroupComponent")
        (end,) = host.others(path, "CIM_PortImplementsEndpoint", "Antecedent", "Dependent")
        (guests,) = host.others(end, "CIM_ActiveConnection", "Antecedent", "Dependent")
        (port,) = host.others(guests, "CIM_PortImplementsEndpoint", "Dependent", "Antecedent")
        assert end.keys["SystemName"] == path.keys["SystemName"] == switch.keys["Name"]
        assert port.keys["SystemName"] == guests.keys["SystemName"]
        found.append((switch.keys["Name"], port.keys["DeviceID"].partition("/")[2].split("~")[0]))
    assert Counter(found) == Counter(connected)


def test_a_switch_is_hosted_and_has_its_settings(host: Host) -> None:
    (node,) = host.of("Virt_HostSystem")
    names = [each.name() for each in host.connection.handle.listAllNetworks()]
    assert Counter(path.keys["Name"] for path in host.of(SWITCH)) == Counter(names)
    for path in host.of(SWITCH):
        assert host.others(path, "CIM_HostedDependency", "Dependent", "Antecedent") == [node]
        (state,) = host.others(path, "CIM_SettingsDefineState", "ManagedElement", "SettingData")
        (setting,) = host.others(path, "CIM_ElementSettingData", "ManagedElement", "SettingData")
        assert state == setting
        assert host.provider.get_instance(state)["ElementName"] == path.keys["Name"]


def test_a_setting_belongs_to_one_system(host: Host) -> None:
    """Or it is one of those that say what a pool can give."""
    for path in host.of("CIM_ResourceAllocationSettingData"):
        if path.class_name in map(host.own, STORED) and not host.others(
                path, "CIM_SettingsDefineCapabilities", "PartComponent", "GroupComponent"):
            continue  # it is the host's
        wholes = [whole for name in ("CIM_VirtualSystemSettingDataComponent",
                                     "CIM_SettingsDefineCapabilities")
                  for whole in host.others(path, name, "PartComponent", "GroupComponent")]
        assert len(wholes) == 1, path
        assert any(host.schema.is_a(wholes[0].class_name, each) for each in
                   ("CIM_VirtualSystemSettingData", "CIM_AllocationCapabilities"))


def settings_of(host: Host, name: str) -> tuple[list[str], list[str]]:
    """The ids of a guest's Defined settings, and of its State."""
    defined: list[Path] = []
    state: list[Path] = []
    for path in host.of("CIM_VirtualSystemSettingData"):
        text = path.keys["InstanceID"].partition(":")[2]
        if text in (name, f"{name}/active"):
            (state if text.endswith("/active") else defined).append(path)
    parts = [
        [str(each) for path in wholes for each in [path, *host.others(
            path, "CIM_VirtualSystemSettingDataComponent", "GroupComponent", "PartComponent")]]
        for wholes in (defined, state)
    ]
    return parts[0], parts[1]


def test_a_guest_has_the_configurations_of_its_state(host: Host) -> None:
    kinds = set()
    for name, guest in host.guests.items():
        defined, state = settings_of(host, name)
        running, kept = bool(guest.isActive()), bool(guest.isPersistent())
        assert bool(defined) == kept and bool(state) == running
        assert len(set(defined)) == len(defined) and len(set(state)) == len(state)
        if kept and running:
            assert len(defined) == len(state)
        kinds.add((kept, running))
    assert len(kinds) == (1 if set(host.guests) == {"test"} else 3)


def test_a_guest_is_hosted_and_has_its_settings(host: Host) -> None:
    (node,) = host.of("Virt_HostSystem")
    systems = host.of("Virt_ComputerSystem")
    assert {path.keys["Name"] for path in systems} == set(host.guests)
    for path in systems:
        assert host.others(path, "CIM_HostedDependency", "Dependent", "Antecedent") == [node]
        (setting,) = host.others(path, "CIM_SettingsDefineState", "ManagedElement", "SettingData")
        guest = host.guests[path.keys["Name"]]
        active = "/active" if guest.isActive() else ""
        assert setting.keys["InstanceID"].partition(":")[2] == guest.name() + active


def test_settings_in_force_are_joined_to_those_that_are_next(host: Host) -> None:
    for name, guest in host.guests.items():
        defined, state = settings_of(host, name)
        joined = [(str(link.keys["ManagedElement"]), str(link.keys["SettingData"]))
                  for path in host.of("CIM_SettingData") if str(path) in defined + state
                  for role, link in host.around[path]
                  if link.class_name.endswith("_ElementSettingData")
                  and role == "ManagedElement"]
        if not guest.isPersistent():
            assert joined == []
        elif guest.isActive():
            assert Counter(joined) == Counter(
                (each, each.replace("/active", "")) for each in state)
        else:
            assert Counter(joined) == Counter((each, each) for each in defined)


def test_a_transient_guest_answers_to_the_plain_ids(host: Host) -> None:
    for name, guest in host.guests.items():
        if not guest.isPersistent():
            for text in settings_of(host, name)[1]:
                state = host.provider.get_instance(text)
                plain = host.provider.get_instance(text.replace("/active", ""))
                different = {each for each in {**state.properties, **plain.properties}
                             if state.get(each) != plain.get(each)}
                rows = host.schema.table(state.class_name).rows
                assert "InstanceID" in different  # and what a configuration reads elsewhere
                assert different <= {name for name, row in rows.items() if row.own}


def test_a_guest_that_is_off_answers_to_no_active_id(host: Host) -> None:
    for name, guest in host.guests.items():
        if not guest.isActive():
            whole = next(path for path in host.of("CIM_VirtualSystemSettingData")
                         if path.keys["InstanceID"].partition(":")[2] == name)
            active: Any = {"InstanceID": whole.keys["InstanceID"] + "/active"}
            with pytest.raises(Error, match=r"No such instance \(InstanceID\)"):
                host.provider.get_instance(Path(whole.class_name, active))
