# SPDX-License-Identifier: LGPL-2.1-or-later
"""One table on several documents, and what leads from one document to another."""

from __future__ import annotations

from lxml import etree
from test_features import KIND, features

from libvirt_cim.cim import Path
from libvirt_cim.ground import Document
from libvirt_cim.query import Query
from libvirt_cim.shelf import Shelf


def places() -> tuple[Query, list[Path]]:
    """A host, its network and two pools; and the places that they are."""
    texts = {"NodeInfo": ["<node><name>h</name></node>"],
             "NetworkXML": ["<network><name>net</name></network>"],
             "PoolXML": [f"<pool><name>{each}</name><uuid>u{each}</uuid></pool>" for each in "ab"],
             KIND: [f"<domain pool='{pool}'><name>{pool}1</name><title>{title}</title></domain>"
                    for pool, title in (("a", "h"), ("b", "x"), ("c", "h"), ("b", "h"))]}
    query = Query(features(), Shelf([Document((kind,), etree.fromstring(each))
                                     for kind, several in texts.items() for each in several]))
    return query, list(query.names("Virt_TestPlace"))


def test_a_join_behind_a_join() -> None:
    query, _ = places()
    (host,) = query.enumerate("Virt_TestHost", frozenset(("pools",)))
    assert host["Pools"] == ["ua", "ub"]


def test_a_text_of_one_document() -> None:
    query, paths = places()
    assert [each.keys["InstanceID"] for each in paths] == ["Place/0", "Place/a", "Place/b"]
    assert {each.keys["Network"] for each in paths} == {"net"}
    found = [query.get(each) for each in paths]
    assert [(each["First"], each.get("Number")) for each in found] == [
        (True, 9), (False, None), (False, None)]


def test_a_reference_to_one_of_two_documents() -> None:
    query, paths = places()
    host = paths[0]
    links = list(query.names("Virt_TestPlaces"))
    assert [(each.keys["Antecedent"], each.keys["Dependent"]) for each in links] == [
        (host, each) for each in paths]
    assert list(query.reference_names(host)) == links
    assert [list(query.reference_names(each)) for each in paths[1:]] == [[each]
                                                                        for each in links[1:]]
    assert all(query.get(each).path == each for each in links)
