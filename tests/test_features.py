# SPDX-License-Identifier: LGPL-2.1-or-later
"""The laws for what the language can say and the package's own tables do not use yet.

tests/mof/features.mof has embedded instances in one another, parallel arrays, child predicates,
several roots, templates below a node, sums and joins.
"""

from __future__ import annotations

import copy
import functools
from pathlib import Path
from typing import Any

import corpus
import pytest
from damage import damaged
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from libvirt_cim import association, mof, tree
from libvirt_cim.cim import Class, Error, Instance
from libvirt_cim.ground import Document
from libvirt_cim.rest import rests
from libvirt_cim.schema import Schema, declarations
from libvirt_cim.shelf import Shelf
from libvirt_cim.table import Table
from libvirt_cim.write import build, modify

MOF = Path(__file__).parent / "mof" / "features.mof"
KIND = "DomainConfigXML"
SEEDS = 1500 if corpus.FULL else 150
GUEST = """<domain xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0"><name>g</name>
<cpu mode="custom"><model fallback="allow">qemu64</model><numa>
<cell id="0" cpus="0-1" memory="512" unit="KiB"><distances><sibling id="0" value="10"/>
<sibling id="1" value="21" x="1"/></distances><cache level="1"/></cell>
<cell id="1" cpus="2" memory="2" unit="MiB" discard="yes"/><cell id="2" memory="7"/></numa></cpu>
<cputune><vcpupin vcpu="0" cpuset="1"/><vcpupin vcpu="1" cpuset="2-3"/><period>1.5</period>
</cputune>
<clock offset="utc" adjustment="-3"><timer name="tsc"/><timer name="hpet" present="no"/></clock>
<os><type arch="x86_64" machine="pc-q35">hvm</type></os><idmap><uid start="0" target="1"/>
<gid start="0"/><gid start="5" count="3"/></idmap>
<seclabel model="dac" relabel="yes"><label>+0</label></seclabel>
<seclabel model="selinux"><label>l</label></seclabel><devices>
<serial type="file" mode="a"><source path="/x"/><target port="0"/></serial><serial/>
<console type="pty"><target type="virtio" port="1"/></console></devices>
<qemu:commandline><qemu:arg value="-a"/><qemu:arg value=""/></qemu:commandline></domain>"""


@functools.cache
def features() -> Schema:
    """A schema of the test's own classes on DMTF's."""
    own = mof.read(MOF.read_text(), str(MOF))
    base = [each for each in declarations()
            if not isinstance(each, Class) or each.name.startswith("CIM_")]
    return Schema([*base, *own])


def table(name: str = "Virt_TestSettingData") -> Table:
    return features().tables[name]


class Guest:
    """A guest of its own, seen through Virt_TestSettingData."""

    def __init__(self) -> None:
        self.document = Document((KIND,), etree.fromstring(GUEST))
        self.root = self.document.root

    def put(self, **sent: Any) -> None:
        modify(table(), self.root, self.document, sent)

    def read(self, name: str) -> Any:
        return table().read(self.root, self.document).get(name)

    def xml(self, path: str) -> list[bytes]:
        return [etree.tostring(each, method="c14n", exclusive=True, with_tail=False)
                for each in self.root.findall(path)]


def came_back(root: Any) -> Any:
    """A document taken apart by all settings tables and put together again."""
    document = Document((KIND,), root)
    settings = sorted(features().settings_at(document), key=lambda each: not each.is_root)
    left = rests(settings, document)
    new: Any = None
    for each in settings:
        for entry, rest in zip(each.entries(document), left[each.name]):
            element = etree.Element(entry.node.tag) if rest is None else tree.parse(rest)
            new = new or Document((KIND,), element)
            if not each.is_root:
                each.place(element, new)
            build(each, element, new, each.read(entry.node, document))
    return new.root


def test_damaged_documents_come_back() -> None:
    for seed in range(SEEDS):
        data = damaged(GUEST.encode(), str(seed), 6) if seed else GUEST.encode()
        root = tree.parse(data)
        containers = [root, *root.iter("devices")]  # of what a conversion refuses they have nothing
        if len(containers) < 3 and not any(map(tree.mixed, containers)):
            assert_comes_back(data, root)


def assert_comes_back(data: bytes, root: Any) -> None:
    """A document is the same when rebuilt, and when all that was read is written back."""
    before = etree.tostring(root)
    assert corpus.meaning(came_back(root)) == corpus.meaning(corpus.plain(data))
    document = Document((KIND,), root)
    for each in features().settings_at(document):
        for entry in each.entries(document):
            modify(each, entry.node, document, each.read(entry.node, document))
    assert etree.tostring(root) == before


# embedded instances

def test_embedded_instances_are_read() -> None:
    first, second, third = Guest().read("Cells")
    assert (first["Memory"], second["Memory"], third["Memory"]) == (512, 2048, 7)
    assert [each["Value"] for each in first["Distances"]] == [10, 21]
    assert first["Distances"][1]["UnmappedXML"] == '<sibling x="1"/>'
    assert (second["Discard"], second["Cache"], first["Cache"]) == (True, False, True)
    assert Guest().read("Model").properties == {"Fallback": "allow", "Model": "qemu64"}


def test_one_item_changed_leaves_the_others() -> None:
    guest = Guest()
    before, cells = guest.xml("cpu/numa/cell"), guest.read("Cells")
    cells[0]["Distances"][1].properties["Value"] = 30
    guest.put(Cells=cells)
    after = guest.xml("cpu/numa/cell")
    assert after[1:] == before[1:] and after[0] == before[0].replace(b'value="21"', b'value="30"') \
        .replace(b' x="1"></sibling>\n', b' x="1"></sibling>') or guest.read("Cells") == cells


@pytest.mark.parametrize("order", [[1], [2, 0], [0, 0, 1, 2, 2], []])
def test_items_come_and_go(order: list[int]) -> None:
    guest = Guest()
    cells = [copy.deepcopy(guest.read("Cells")[number]) for number in order]
    guest.put(Cells=cells)
    assert guest.read("Cells") == (cells or None)
    assert len(guest.root.findall("cpu/numa/cell")) == len(order)
    assert bool(guest.root.findall("cpu/numa")) == bool(order) and guest.root.findall("cpu/model")


def test_item_as_a_client_spells_it() -> None:
    """Names in any case, numbers as texts, a unit of its own, NULL said, no constant, a path."""
    guest = Guest()
    item = Instance("virt_testcell", {"ID": "4", "memory": 3, "MemoryUnits": "MegaBytes",
                                      "Cpus": None, "creationclassname": "x", "Cache": None})
    guest.put(Cells=[item])
    assert guest.xml("cpu/numa/cell") == [b'<cell id="4" memory="3072"></cell>']


@pytest.mark.parametrize("item", [
    None, "text", Instance("Virt_TestModel"), Instance("Virt_TestCell", {"Id": -1}),
    Instance("Virt_TestCell", {"NoSuch": 1}), Instance("Virt_TestCell", {"UnmappedXML": 5}),
    Instance("Virt_TestCell", {"UnmappedXML": "<model/>"}),
    Instance("Virt_TestCell", {"UnmappedXML": "<cell"}),
    Instance("Virt_TestCell", {"Distances": [Instance("Virt_TestDistance", {"Value": 256})]}),
    Instance("Virt_TestCell", {"MemoryUnits": "byte", "Memory": 3}),
])
def test_item_that_is_wrong(item: Any) -> None:
    with pytest.raises(Error) as error:
        Guest().put(Cells=[item])
    assert str(error.value).startswith("Virt_TestSettingData.Cells: ")
    assert "\n" not in str(error.value)


def test_only_child() -> None:
    guest = Guest()
    guest.put(Model=Instance("Virt_TestModel", {"Model": "host", "UnmappedXML": "<model a='1'/>"}))
    assert guest.xml("cpu/model") == [b'<model a="1">host</model>']
    guest.put(Model=None)
    assert not guest.xml("cpu/model") and guest.xml("cpu/numa")


# parallel arrays

@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from("abc")), max_size=5))
def test_parallel_arrays(pins: list[tuple[int, str]]) -> None:
    guest = Guest()
    guest.put(PinnedProcessors=[each for each, _ in pins], PinnedSets=[each for _, each in pins])
    found = [(int(each.get("vcpu")), each.get("cpuset")) for each in guest.root.iter("vcpupin")]
    assert found == pins


@pytest.mark.parametrize("sent", [
    {"PinnedProcessors": [1]}, {"PinnedProcessors": [1, 2, 3]}, {"PinnedSets": None},
    {"PinnedProcessors": [1], "PinnedSets": ["a", "b", "c"]},
])
def test_unequal_lengths(sent: dict[str, Any]) -> None:
    with pytest.raises(Error, match="PinnedProcessors and .*PinnedSets.* are parallel and must"):
        Guest().put(**sent)


def test_parallel_arrays_with_a_gap() -> None:
    """Where one of the leaves is missing its place is kept, so that others stay beside theirs."""
    guest = Guest()
    del guest.root.find("cputune/vcpupin").attrib["cpuset"]
    assert guest.read("PinnedSets") == [None, "2-3"] and guest.read("PinnedProcessors") == [0, 1]
    guest.put(PinnedSets=[None, "5"])
    assert [each.get("cpuset") for each in guest.root.iter("vcpupin")] == [None, "5"]


# the others

def test_child_predicates() -> None:
    guest = Guest()
    assert (guest.read("SelinuxLabel"), guest.read("DacLabel"), guest.read("Relabel")) == (
        "l", "+0", "yes")
    guest.put(SelinuxLabel=None, DacLabel="+1", Unlabelled=True)
    assert guest.xml("seclabel") == [b'<seclabel model="dac" relabel="yes"><label>+1</label>'
                                     b"</seclabel>", b'<seclabel model="none"></seclabel>']
    guest.put(SelinuxLabel="new", Unlabelled=False)
    assert guest.xml("seclabel")[1] == b'<seclabel model="selinux"><label>new</label></seclabel>'


def test_template_below_the_element() -> None:
    guest = Guest()
    assert guest.read("Kind") == "x86_64-pc-q35"
    guest.put(Kind="i686-pc")
    assert guest.xml("os/type") == [b'<type arch="i686" machine="pc">hvm</type>']
    guest.put(Kind=None)
    assert guest.xml("os/type") == [b"<type>hvm</type>"]


@pytest.mark.parametrize(("name", "value", "path"), [
    ("Adjustment", -(2**31), "clock/@adjustment"), ("Period", 0.1, "cputune/period"),
    ("Arguments", ["x", "", "z"], "qemu:commandline/qemu:arg/@value"),
    ("Timers", [1, 1, 2, 2], "clock/timer/@name"),
])
def test_other_types(name: str, value: Any, path: str) -> None:
    guest = Guest()
    guest.put(**{name: value})
    assert guest.read(name) == value
    with pytest.raises(Error, match=f"^Virt_TestSettingData.{name}: "):
        guest.put(**{name: [2**40, 3.5] if isinstance(value, list) else 2**40 if name != "Period"
                     else float("nan")})


def test_names_and_values_are_read_only() -> None:
    guest = Guest()
    assert (guest.read("MapNames"), guest.read("MapValues")) == (["start", "target"], ["0", "1"])
    with pytest.raises(Error, match="^Virt_TestSettingData.MapNames: is read only$"):
        guest.put(MapNames=["x", "target"])


def test_several_roots() -> None:
    document = Guest().document
    ports = table("Virt_TestPortSettingData")
    read = [ports.read(entry.node, document) for entry in ports.entries(document)]
    assert [each.get("Target") for each in read] == ["0", None, "virtio"]
    assert [each.path.keys["InstanceID"] for each in ports.entries(document)] == [
        "g/serial", "g/serial~2", "g/console"]


def test_roots_by_an_attribute() -> None:
    """Each sort of element has a key of its own, and a key alone finds the document."""
    document = Guest().document
    some = table("Virt_TestSomePort")
    ids = [each.path.keys["InstanceID"] for each in some.entries(document)]
    assert ids == ["g/s:0", "g/virtio"]
    assert [some.identity.known({"InstanceID": each}) for each in ids] == [
        [(KIND, {"/domain/name": "g"})]] * 2
    document.root.find("devices/serial").set("type", "pty")
    document.forget()
    assert [each.node.tag for each in some.entries(document)] == ["console"]


def test_classes_of_a_reference() -> None:
    document = Guest().document
    of_setting = table("Virt_TestOfSetting")
    found = [path.keys for node in of_setting.nodes(document)
             for path in association.links(features(), of_setting, node, document)]
    assert [(str(each["ManagedElement"]), each["SettingData"].class_name) for each in found] == [
        ('Virt_TestSomePort.InstanceID="g/s:0"', "Virt_TestPortSettingData"),
        ('Virt_TestSomePort.InstanceID="g/virtio"', "Virt_TestPortSettingData")]
    (row,) = association.ends(features(), of_setting, "Virt_TestSomePort", "ManagedElement")
    assert row.name == "ManagedElement"
    assert not list(association.ends(features(), of_setting, "Virt_TestHost", None))


@pytest.mark.parametrize(("sent", "host", "service"), [
    ("127.0.0.1:80", "127.0.0.1", "80"), ("[::1]:80", "::1", "80"), (":", "", ""),
    ("[a]:b:c", "[a]", "b:c"),
])
def test_address_with_colons(sent: str, host: str, service: str) -> None:
    """Before a colon a text with colons stands in brackets."""
    document = Guest().document
    ports = table("Virt_TestPortSettingData")
    node = ports.nodes(document)[0]
    modify(ports, node, document, {"Bind": sent})
    assert dict(node.find("source[@mode]").attrib) == {
        "mode": "bind", "host": host, "service": service}
    assert ports.read(node, document)["Bind"] == sent


def test_sums_and_joins() -> None:
    guests = [f"<domain{active}><name>n{number}</name><title>{title}</title><memory unit='MiB'>"
              f"{number}</memory><vcpu>{number}</vcpu></domain>"
              for number, (active, title) in enumerate(
                  [(" id='1'", "h"), ("", "h"), (" id='2'", "x"), (" id='3'", "h")])]
    host = Document(("NodeInfo",), etree.fromstring("<node><name>h</name></node>"))
    shelf = Shelf([host, *(Document((KIND,), etree.fromstring(each)) for each in guests)])
    assert shelf.offers(KIND)
    assert table("Virt_TestHost").read(host.root, host) == {
        "Memory": 5 * 1024, "Processors": 4, "First": "n0", "Guests": ["n0", "n1", "n3"]}


def test_join_to_an_element_of_its_own_kind_of_document() -> None:
    """By its test it is known from a path; what it finds may be in this document or another."""
    guests = [tree.parse(f"<domain><name>{name}</name><title>{title}</title><devices>"
                         f"<serial type='{type_}' mode='{name}'/></devices></domain>")
              for name, title, type_ in (("a", "pty", "file"), ("b", "pty", "pty"),
                                         ("c", "tcp", "unix"))]
    documents = [Document((KIND,), root) for root in guests]
    shelf = Shelf(documents)
    assert shelf.offers(KIND)
    found = [table().read(each.root, each).get("ModeOfOther") for each in documents]
    assert found == ["b", "b", None]
