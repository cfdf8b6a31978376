# SPDX-License-Identifier: LGPL-2.1-or-later
"""Documents that are no guest's, by hand: what their instances are, changed, together, refused."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import corpus
import pytest
from command_line import printed, refused
from lxml import etree

import libvirt_cim
from libvirt_cim.cim import Error, Instance
from libvirt_cim.convert import documents

POOL = """<pool type='dir'><name>images</name><uuid>8c79f996-cb2a-d24d-9822-ac7547ab2d01</uuid>
<capacity unit='bytes'>4294967296</capacity><source/>
<target><path>/srv/images</path><new a='1'/></target></pool>"""
VOLUME = """<volume type='file'><name>web.qcow2</name><key>/srv/images/web.qcow2</key>
<capacity unit='bytes'>1073741824</capacity><target><path>/srv/images/web.qcow2</path>
<format type='qcow2'/></target></volume>"""
NETWORK = """<network><name>web</name><uuid>8c79f996-cb2a-d24d-9822-ac7547ab2d02</uuid>
<forward mode='nat'/><bridge name='virbr0' stp='on'/><dns enable='no'/>
<ip address='192.168.122.1' netmask='255.255.255.0'/></network>"""
FILTER = """<filter name='web' chain='root'><rule action='accept' direction='in'>
<tcp dstportstart='443' srcipaddr='192.0.2.1'/></rule><filterref filter='no-spoof'/>
<rule action='accept' direction='out'/>
<rule action='drop' direction='in'><mac protocolid='arp'/></rule></filter>"""
SNAPSHOT = """<domainsnapshot><name>before</name><state>running</state>
<domain type='kvm'><name>web</name></domain></domainsnapshot>"""
CHECKPOINT = """<domaincheckpoint><name>monday</name><disks><disk name='vda'/></disks><new/>
</domaincheckpoint>"""
GUEST = "<domain type='kvm'><name>web</name><devices><input type='tablet'/></devices></domain>"
EVERY = {"pool": POOL, "volume": VOLUME, "network": NETWORK, "filter": FILTER,
         "domainsnapshot": SNAPSHOT, "domaincheckpoint": CHECKPOINT}
# The classes of which there are instances, those of settings first.
CLASSES = {
    "pool": ["DiskPoolResourceAllocationSettingData", "AllocationCapabilities", "DiskPool"],
    "volume": ["StorageVolumeResourceAllocationSettingData", "StorageVolume"],
    "network": ["VirtualEthernetSwitchSettingData", "NetPoolResourceAllocationSettingData",
                "AllocationCapabilities", "NetworkPool", "VirtualEthernetSwitch"],
    "filter": ["FilterList", "Hdr8021Filter", "IPHeadersFilter", "FilterEntry"],
    "domainsnapshot": ["SnapshotSettingData"], "domaincheckpoint": ["Checkpoint"],
}
SWITCH, NET = CLASSES["network"][:2]


def the(instances: list[Instance], class_name: str) -> Instance:
    """The instance of a class, named without its prefix."""
    (found,) = [each for each in instances if each.class_name.partition("_")[2] == class_name]
    return found


def root(instances: list[Instance]) -> Any:
    """The root of the document that is made of instances."""
    return etree.fromstring(libvirt_cim.to_xml(instances))


# one document

@pytest.mark.parametrize("tag", EVERY)
@pytest.mark.parametrize("as_bytes", [False, True])
def test_what_a_document_is_converted_to(tag: str, as_bytes: bool) -> None:
    found = libvirt_cim.to_cim(EVERY[tag].encode() if as_bytes else EVERY[tag])
    prefix = "KVM" if tag == "domainsnapshot" else "Virt"  # the guest in it says of what
    assert list(dict.fromkeys(each.class_name for each in found)) == [
        f"{prefix}_{name}" for name in CLASSES[tag]]
    text = libvirt_cim.to_xml(found)
    assert text.startswith(f"<{tag}") and not corpus.differ(text, EVERY[tag])


@pytest.mark.parametrize("tag", EVERY)
def test_a_prefix_overrides_the_document(tag: str) -> None:
    found = libvirt_cim.to_cim(EVERY[tag], "Xen", associations=True)
    assert {each.class_name.partition("_")[0] for each in found} == {"Xen"}
    assert not corpus.differ(libvirt_cim.to_xml(found), EVERY[tag])


def test_values_of_a_document() -> None:
    pool = the(libvirt_cim.to_cim(POOL), "DiskPoolResourceAllocationSettingData")
    assert {name: pool.get(name) for name in ("InstanceID", "Path", "Type", "UnmappedXML")} == {
        "InstanceID": "DiskPool/images", "Path": "/srv/images", "Type": 1,
        "UnmappedXML": '<pool><uuid>8c79f996-cb2a-d24d-9822-ac7547ab2d01</uuid><capacity '
                       'unit="bytes">4294967296</capacity><source/><target><new a="1"/></target>'
                       '</pool>'}
    assert the(libvirt_cim.to_cim(POOL), "DiskPool")["Capacity"] == 4096


def test_what_another_document_says_is_absent() -> None:
    switch = the(libvirt_cim.to_cim(NETWORK), "VirtualEthernetSwitch")
    assert switch.get("EnabledState") is None and switch["Name"] == "web"
    rules = libvirt_cim.to_cim(FILTER, associations=True)
    assert {each.class_name for each in rules if "Component" in str(each.path)} == {
        "Virt_EntriesInFilterList"}
    assert the(rules, "FilterList").get("SystemName") == ""  # a key has a value


# changed

def test_a_changed_property_is_in_the_document() -> None:
    pool = libvirt_cim.to_cim(POOL)
    the(pool, "DiskPoolResourceAllocationSettingData").properties["Path"] = "/mnt"
    assert root(pool).findtext("target/path") == "/mnt"
    volume = libvirt_cim.to_cim(VOLUME)
    the(volume, "StorageVolumeResourceAllocationSettingData").properties["Format"] = "raw"
    with pytest.raises(Error, match="FormatType: 2 contradicts"):
        libvirt_cim.to_xml(volume)
    del the(volume, "StorageVolumeResourceAllocationSettingData").properties["FormatType"]
    assert root(volume).find("target/format").get("type") == "raw"


def test_settings_by_hand_are_a_document() -> None:
    settings = Instance("Virt_DiskPoolResourceAllocationSettingData", {
        "ElementName": "new", "ResourceSubType": "dir", "Path": "/srv/new"})
    assert libvirt_cim.to_xml([settings]) == (
        '<pool type="dir">\n  <name>new</name>\n  <target>\n    <path>/srv/new</path>\n'
        '  </target>\n</pool>\n')
    del settings.properties["ElementName"]
    with pytest.raises(Error, match=r"^Virt_DiskPool\w+.ElementName: <pool> has no <name>$"):
        libvirt_cim.to_xml([settings])


def test_two_classes_say_what_a_network_is() -> None:
    """What one says is in the document, though the rest of the other says what was before."""
    found = libvirt_cim.to_cim(NETWORK)
    the(found, SWITCH).properties["BridgeName"] = "virbr7"
    the(found, NET).properties["ForwardDevice"] = "eth0"
    made = root(found)
    assert made.find("bridge").get("name") == "virbr7"
    assert made.find("forward").get("dev") == "eth0"


@pytest.mark.parametrize("name, sent, says", [
    (SWITCH, {"ForwardMode": "route"}, "'route' contradicts another instance, which says 'nat'"),
    (NET, {"ResourceSubType": "route", "ForwardMode": 2},
     "'nat' contradicts another instance, which says 'route'"),
])
def test_classes_that_contradict_one_another(name: str, sent: Any, says: str) -> None:
    found = libvirt_cim.to_cim(NETWORK)
    the(found, name).properties.update(sent)
    with pytest.raises(Error, match=f"^Virt_{SWITCH}.ForwardMode: {says}$"):
        libvirt_cim.to_xml(found)
    the(found, SWITCH).properties.update({"ForwardMode": "route"})
    the(found, NET).properties.update({"ResourceSubType": "route", "ForwardMode": 2})
    assert root(found).find("forward").get("mode") == "route"


@pytest.mark.parametrize("left", [SWITCH, NET])
def test_one_of_the_classes_is_enough(left: str) -> None:
    assert not corpus.differ(libvirt_cim.to_xml([the(libvirt_cim.to_cim(NETWORK), left)]), NETWORK)


# the rules of a filter

def rules(instances: list[Instance]) -> dict[str, Instance]:
    """The rules of a filter by their numbers."""
    return {each["Name"].partition(":")[2]: each for each in instances if ":" in each["Name"]}


def test_a_changed_rule() -> None:
    found = libvirt_cim.to_cim(FILTER)
    rules(found)["1"].properties["Action"] = 2
    rules(found)["0"].properties["HdrDestPortStart"] = 80
    made = root(found)
    assert [each.tag for each in made] == ["rule", "filterref", "rule", "rule"]
    assert [each.get("action") for each in made.iterfind("rule")] == ["accept", "drop", "drop"]
    assert made.find("rule/tcp").get("dstportstart") == "80"


def test_a_new_rule_is_behind_the_others() -> None:
    found = libvirt_cim.to_cim(FILTER)
    found.insert(1, Instance("Virt_IPHeadersFilter", {
        "Name": "web:3", "Action": 1, "Direction": 1, "UnmappedXML": "<udp/>"}))
    assert [each.tag for each in root(found)] == ["rule", "filterref", "rule", "rule", "rule"]
    assert etree.tostring(root(found)[-1]).split() == \
        b'<rule action="accept" direction="in"> <udp/> </rule>'.split()


def test_a_filter_by_hand() -> None:
    made = root([Instance("Virt_FilterList", {"Name": "f", "ElementName": "f"}),
                 Instance("Virt_Hdr8021Filter", {"Name": "f:1", "Action": 2, "Direction": 3,
                                                 "UnmappedXML": "<arp/>"}),
                 Instance("Virt_FilterEntry", {"Name": "f:0", "Action": 1, "Direction": 3,
                                               "UnmappedXML": "<rule/>"})])
    assert etree.tostring(made).split() == (
        b'<filter name="f"> <rule action="accept" direction="inout"/> '
        b'<rule action="drop" direction="inout"> <arp/> </rule> </filter>').split()


def gone(found: list[Instance]) -> None:
    found.remove(rules(found)["2"])


def not_there(found: list[Instance]) -> None:
    rules(found)["2"].properties["Name"] = "web:7"


def address(found: list[Instance]) -> None:
    rules(found)["0"].properties["HdrSrcAddress"] = [192, 0, 2, 2]


def version(found: list[Instance]) -> None:
    rules(found)["0"].properties["HdrIPVersion"] = 6


def twice(found: list[Instance]) -> None:
    rules(found)["1"].properties["Name"] = "web:0"


def both(found: list[Instance]) -> None:
    rules(found)["2"].properties["Name"] = "web:0"
    the(found, "FilterList").properties["UnmappedXML"] = "<filter><rule/><rule/></filter>"


def unnamed(found: list[Instance]) -> None:
    del rules(found)["1"].properties["UnmappedXML"]


def of_another(found: list[Instance]) -> None:
    rules(found)["1"].properties["Name"] = "other:1"


REFUSED = {
    gone: "Virt_FilterList.UnmappedXML: <rule> belongs to Virt_FilterEntry",
    not_there: "Virt_Hdr8021Filter: there are 3 <rule> before it, not 7",
    address: "Virt_IPHeadersFilter.HdrSrcAddress: sent [192, 0, 2, 2], reads [192, 0, 2, 1]",
    version: "Virt_IPHeadersFilter.HdrIPVersion: is read only",
    twice: "Virt_FilterEntry: there is a <rule> in its place",
    both: "Virt_Hdr8021Filter.Action: 2 contradicts another instance, which says 1",
    unnamed: "Virt_FilterEntry.UnmappedXML: is needed, it names the element",
    of_another: "Virt_FilterEntry: <filter> 'other' has no settings of its own here",
}


@pytest.mark.parametrize("change", REFUSED, ids=lambda each: str(each.__name__))
def test_rules_that_are_refused(change: Any) -> None:
    found = libvirt_cim.to_cim(FILTER)
    change(found)
    with pytest.raises(Error) as error:
        libvirt_cim.to_xml(found)
    assert str(error.value) == REFUSED[change]


# several documents

def test_several_documents_together() -> None:
    every = [*EVERY.values(), GUEST]
    together = [each for text in every for each in libvirt_cim.to_cim(text)]
    made = {whole.tag: text for whole, text in documents(reversed(together))}
    assert set(made) == {*EVERY, "domain"}
    assert not [tag for tag, text in EVERY.items() if corpus.differ(made[tag], text)]
    with pytest.raises(Error, match=r"^these are the settings of 2 documents \(<domain> 'web', "
                                    r"<network> 'web'\), not of one$"):
        libvirt_cim.to_xml([*libvirt_cim.to_cim(GUEST), *libvirt_cim.to_cim(NETWORK)])


@pytest.mark.parametrize("format_", ["mof", "cimxml", "json"])
def test_several_documents_are_a_file_each(tmp_path: Path, format_: str) -> None:
    """Named as they are, and by their kind where several have the name."""
    files = []
    for tag, text in {**EVERY, "domain": GUEST}.items():
        files.append(tmp_path / tag)
        files[-1].write_text(text)
    text = printed("to-cim", *files, "--format", format_, "--associations")
    printed("to-xml", "-", "--output-dir", tmp_path / "out", stdin=text.encode())
    names = {"pool": "images", "volume": "web.qcow2", "domainsnapshot": "before",
             "domaincheckpoint": "monday", **{tag: f"web.{tag}" for tag in (
                 "network", "filter", "domain")}}
    assert sorted(os.listdir(tmp_path / "out")) == sorted(f"{name}.xml" for name in names.values())
    for tag, name in names.items():
        assert not corpus.differ((tmp_path / tag).read_text(),
                                 (tmp_path / "out" / f"{name}.xml").read_text())


def test_files_are_not_written_over(tmp_path: Path) -> None:
    texts = [GUEST, NETWORK, POOL.replace("images", "web.network")]
    for number, text in enumerate(texts):
        (tmp_path / str(number)).write_text(text)
    text = printed("to-cim", *(tmp_path / str(number) for number in range(3)))
    assert refused("to-xml", "-", "--output-dir", tmp_path / "out", stdin=text.encode()) == \
        "2 documents would be web.network.xml"
    assert not (tmp_path / "out").exists()


# what is refused

@pytest.mark.parametrize("text, what", [
    ("<capabilities/>", "1: <capabilities> is not a document with a table"),
    ("\n<device><name>pci</name></device>", "2: <device> is not a document with a table"),
    ("<info><name>g</name></info>", "1: <info> is not a document with a table"),
    ("<node><name>g</name></node>", "1: <node> is not a document with a table"),
    ("<x:pool xmlns:x='urn:x'/>", "1: <pool> is not a document with a table"),
    ("<pool>\n</network>", "2: Opening and ending tag mismatch: pool line 1 and network"),
    ("<pool><name>a</name></pool>\n<pool/>", "2: Extra content at the end of the document"),
    ("<!DOCTYPE pool>\n<pool/>", "1: a document type declaration is not accepted"),
    ("<!DOCTYPE pool [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><pool><name>&e;</name></pool>",
     "1: a document type declaration is not accepted"),
    ("<network>\n<name/></network>", "1: <network> has no <name>"),
    ("<filter chain='root'/>", "1: <filter> has no @name"),
    ("<pool>words<name>a</name></pool>", "1: <pool> has text between elements"),
    ("<filter name='f'>\n<rule><rule/></rule></filter>", "2: <rule> has another <rule>"),
])
def test_a_wrong_document(text: str, what: str, tmp_path: Path,
                          monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Error) as error:
        libvirt_cim.to_cim(text)
    assert str(error.value) == f"-:{what}"
    monkeypatch.chdir(tmp_path)
    Path("f").write_text(text)
    assert refused("to-cim", "f") == f"f:{what}"
