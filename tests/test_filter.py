# SPDX-License-Identifier: LGPL-2.1-or-later
"""Network filters: libvirt's own documents on a shelf, as its test driver has none.

What rows must read is told by lxml and Python's own ipaddress; nothing here knows a table.
"""

from __future__ import annotations

import functools
import ipaddress
import os
from collections import Counter
from pathlib import Path as File
from typing import Any

import corpus
import pytest
from lxml import etree

from libvirt_cim.cim import Error, Instance, Path
from libvirt_cim.function import octets
from libvirt_cim.ground import Document
from libvirt_cim.query import Query
from libvirt_cim.schema import load
from libvirt_cim.shelf import Shelf

SOURCE = File(os.environ.get("LIBVIRT_SOURCE", "/nonexistent"))
RULES = "CIM_FilterEntryBase"
NESTED = """<filter name='clean-traffic' chain='root'><filterref filter='no-spoof'/>
<rule action='accept' direction='inout' priority='-500'><mac protocolid='ipv4'/></rule>
<filterref filter='gone'/><rule action='drop' direction='in'/></filter>"""
INNER = """<filter name='no-spoof'><uuid>1ae6d0a6-0d31-43e5-8d8a-d0a3b8bb0c9e</uuid>
<rule action='return' direction='out' priority='500' statematch='false'>
<mac match='no' srcmacaddr='1:2:3:4:5:a' srcmacmask='ff:ff:ff:ff:ff:0' dstmacaddr='$MAC'/></rule>
<rule action='reject' direction='in'><stp type='0x12'/></rule>
<rule action='continue' direction='in'><vlan vlanid='0x123' encap-protocol='0x1234'/></rule>
<rule action='drop' direction='in'><icmp type='8' code='0x0' srcipaddr='10.1.2.3' srcipmask='22'
 dscp='33'/></rule>
<rule action='drop' direction='in'><ipv6 protocol='udp' dstipaddr='a:b:c::' dstipmask='65'/></rule>
<rule action='drop' direction='in'><tcp srcipfrom='10.0.0.1' srcipto='10.0.0.9' dstportstart='22'
 dstportend='0x17' comment='ssh'/></rule></filter>"""
GUEST = """<domain type='kvm' id='1'><name>g</name><devices><interface type='network'>
<mac address='52:54:00:00:00:01'/><source network='default'/><filterref filter='clean-traffic'/>
</interface><interface type='user'><mac address='52:54:00:00:00:02'/></interface></devices></domain>
"""


def shelf(*texts: str | bytes) -> Query:
    """The tables over filters, a guest and a host."""
    kinds = {"filter": ("FilterXML",), "domain": ("DomainXML",), "node": ("NodeInfo",)}
    roots = [corpus.plain(text) for text in texts]
    return Query(load("KVM"), Shelf(Document(kinds[root.tag], root) for root in roots))


@functools.cache
def small() -> Query:
    """Two filters, one in the other, and a guest with a filter at one of its ports."""
    return shelf(NESTED, INNER, GUEST, "<node><name>host</name></node>")


def rules(query: Query, name: str) -> dict[str, Instance]:
    """The rules of a filter by the numbers in their names."""
    return {each["Name"].rpartition(":")[2]: each for each in query.enumerate(RULES)
            if each["Name"].rpartition(":")[0] == name}


def test_a_rule_is_in_one_class() -> None:
    found = {number: each.class_name for number, each in rules(small(), "no-spoof").items()}
    assert found == {"0": "KVM_Hdr8021Filter", "1": "KVM_FilterEntry", "2": "KVM_Hdr8021Filter",
                     "3": "KVM_IPHeadersFilter", "4": "KVM_IPHeadersFilter",
                     "5": "KVM_IPHeadersFilter"}
    assert {number: each.class_name for number, each in rules(small(), "clean-traffic").items()} \
        == {"0": "KVM_Hdr8021Filter", "1": "KVM_FilterEntry"}


def test_rules_say_what_libvirt_says() -> None:
    found = rules(small(), "no-spoof")
    expected: dict[str, dict[str, Any]] = {
        "0": {"Action": 4, "Direction": 2, "Priority": 500, "StateMatch": "false",
              "IsNegated": True, "Position": 1, "HdrSrcMACAddr8021": [1, 2, 3, 4, 5, 10],
              "HdrSrcMACMask8021": [255] * 5 + [0], "HdrDestMACAddr8021": None,
              "HdrProtocolID8021": None, "SystemName": "host",
              "SystemCreationClassName": "KVM_HostSystem"},
        "1": {"Action": 3, "Direction": 1, "Position": 2},
        "2": {"Action": 5, "HdrVLANID8021": 0x123, "HdrProtocolID8021": 0x1234},
        "3": {"Action": 2, "HdrIPVersion": 4, "HdrProtocolID": 1, "ICMPType": 8, "ICMPCode": 0,
              "HdrSrcAddress": [10, 1, 2, 3], "HdrSrcMask": [255, 255, 252, 0], "HdrDSCP": [33]},
        "4": {"HdrIPVersion": 6, "HdrProtocolID": 17,
              "HdrDestMask": [255] * 8 + [128] + [0] * 7},
        "5": {"HdrProtocolID": 6, "HdrSrcAddress": [10, 0, 0, 1], "Comment": "ssh",
              "HdrSrcAddressEndOfRange": [10, 0, 0, 9], "HdrDestPortStart": 22,
              "HdrDestPortEnd": 23},
    }
    (empty,) = [each for name, each in rules(small(), "clean-traffic").items() if name == "1"]
    assert (empty["Action"], empty["Direction"], empty["Position"]) == (2, 1, 3)
    for number, values in expected.items():
        assert {name: found[number].get(name) for name in values} == values
    (outer,) = [each for each in small().enumerate("CIM_FilterList") if each["Name"] != "no-spoof"]
    assert outer["Chain"] == "root" and outer["Direction"] == 0
    assert rules(small(), "clean-traffic")["0"]["HdrProtocolID8021"] == 2048
    assert rules(small(), "clean-traffic")["0"]["Priority"] == -500


def test_lists_and_ports_are_joined() -> None:
    def names(class_name: str, *ends: str) -> list[list[Any]]:
        return [[each.path.keys[end].keys[key] for end, key in zip(ends[::2], ends[1::2])]
                for each in small().enumerate(class_name) if each.path]

    assert names("KVM_NestedFilterList", "Antecedent", "Name", "Dependent", "Name") \
        == [["clean-traffic", "no-spoof"]]
    assert names("KVM_AppliedFilterList", "Antecedent", "DeviceID", "Dependent", "Name") \
        == [["g/52:54:00:00:00:01", "clean-traffic"]]
    assert names("KVM_HostedFilterList", "Antecedent", "Name", "Dependent", "Name") \
        == [["host", "clean-traffic"], ["host", "no-spoof"]]
    assert Counter(map(tuple, names("KVM_EntriesInFilterList", "GroupComponent", "Name"))) \
        == {("clean-traffic",): 2, ("no-spoof",): 6}
    (nested,) = small().enumerate("KVM_NestedFilterList")
    assert nested["Position"] == 0


@pytest.mark.parametrize(("text", "tag", "found"), [
    ("1:2:3:4:5:6", "mac", [1, 2, 3, 4, 5, 6]), ("1:2:3:4:5:g", "mac", None),
    ("10.1.2.3", "ip", [10, 1, 2, 3]), ("::1", "ipv6", [0] * 15 + [1]), ("$IP", "ip", None),
    ("0", "ip", [0] * 4), ("32", "ip", [255] * 4), ("33", "ip", None), ("", "ip", None),
    ("33", "tcp-ipv6", [255] * 4 + [128] + [0] * 11), ("128", "icmpv6", [255] * 16),
    ("129", "icmpv6", None), ("255.255.0.0", "udp", [255, 255, 0, 0]), ("٣", "ip", None),
])
def test_octets(text: str, tag: str, found: Any) -> None:
    assert octets(text, tag) == found


# libvirt's own

def filters() -> list[bytes]:
    """libvirt's own documents of filters."""
    found = [each.read_bytes() for each in sorted(SOURCE.rglob("nwfilterxml2xml*/*.xml"))]
    if not found:
        (pytest.fail if corpus.REQUIRED else pytest.skip)(corpus.MISSING)
    return found


@pytest.mark.corpus
def test_libvirts_filters() -> None:
    """Every rule once, in the order of the document, and every path leads to its instance."""
    seen = 0
    for data in filters():
        query = shelf(data, "<node><name>host</name></node>")
        root = corpus.plain(data)
        found = rules(query, root.get("name"))
        assert list(map(int, sorted(found, key=int))) == list(range(len(root.findall("rule"))))
        paths = [*query.names("CIM_FilterList"), *query.names(RULES)]
        for path in paths:
            assert query.get(path).path == path
        for number, rule in enumerate(root.findall("rule")):
            seen += 1
            _same(found[str(number)], rule)
        links = [each.path for name in ("KVM_EntriesInFilterList", "KVM_HostedFilterList")
                 for each in query.enumerate(name) if each.path]
        for path in paths:
            assert set(query.reference_names(path)) == {
                link for link in links if path in link.keys.values()}
    assert seen > 300


def _same(instance: Instance, rule: Any) -> None:
    """Whether an instance says of addresses and ports what a rule of a document says."""
    part = rule[0] if len(rule) else rule
    for attribute, name in (("srcipaddr", "HdrSrcAddress"), ("dstipaddr", "HdrDestAddress")):
        text = part.get(attribute)
        try:
            expected = list(ipaddress.ip_address(text or "").packed)
        except ValueError:
            expected = None
        assert instance.get(name) == expected
    start = part.get("dstportstart")
    if start and instance.class_name == "KVM_IPHeadersFilter":
        number = int(start, 0) if start[0] != "$" else None
        assert instance.get("HdrDestPortStart") == number
    if part.get("type") and part.tag.startswith("icmp"):
        number = int(part.get("type"), 0)
        assert instance.get("ICMPType") == (number if number < 256 else None)


@pytest.mark.corpus
def test_nothing_of_a_filter_is_lost() -> None:
    """The rows' own texts and the rests together hold every attribute and text of a document."""
    for data in [*filters(), NESTED.encode(), INNER.encode()]:
        query = shelf(data)
        wanted = frozenset({"UnmappedXML", *query.schema.spellings("UnmappedXML")})
        rest = [etree.fromstring(each["UnmappedXML"]) for name in ("CIM_FilterList", RULES)
                for each in query.enumerate(name, wanted) if each.get("UnmappedXML")]
        left = Counter(_texts(rest))
        mapped = {"action", "direction", "priority", "chain", "name"}
        for text, number in Counter(_texts([corpus.plain(data)])).items():
            attribute = text.partition("=")[0]
            if attribute in NOT_TAKEN:
                assert left[text] == number, text
            else:
                assert left[text] in (0, number) or attribute in mapped


NOT_TAKEN = {"srcipaddr", "dstipaddr", "srcipmask", "dstipmask", "srcmacaddr", "dstmacaddr",
             "ipset", "hwtype", "arpsrcmacaddr", "root-cost", "filter"}


def _texts(elements: list[Any]) -> list[str]:
    return [f"{name}={value}" for root in elements for each in root.iter("*")
            for name, value in each.attrib.items()]


def test_path_of_another_filter_is_none() -> None:
    query = small()
    (path,) = [each for each in query.names("CIM_FilterList") if each.keys["Name"] == "no-spoof"]
    with pytest.raises(Error, match=r"No such instance \(Name\)"):
        query.get(Path(path.class_name, {**path.keys, "Name": "no"}))
