# SPDX-License-Identifier: LGPL-2.1-or-later
"""Shelf: documents given, found by kind and by what is known of them; no libvirt."""

from __future__ import annotations

import weakref

from small_host import get

from libvirt_cim.ground import Document
from libvirt_cim.shelf import Shelf
from libvirt_cim.tree import parse


def test_shelf() -> None:
    off = Document(("DomainConfigXML", "DomainXML"), parse("<domain><name>a</name></domain>"))
    runs = Document(("DomainXML",), parse("<domain><name>b</name></domain>"))
    volume = Document(("VolumeXML",), parse("<volume pool='p'><name>a</name></volume>"))
    shelf = Shelf([off, runs, volume])
    assert list(off.source.documents("VolumeXML", {}, ())) == [volume]
    assert get(shelf, "DomainXML") == [off, runs] and get(shelf, "DomainConfigXML") == [off]
    assert get(shelf, "DomainXML", name="b") == [runs]
    assert get(shelf, "DomainConfigXML", name="b") == get(shelf, "DomainXML", name="c") == []
    known = {"/volume/@pool": "p"}
    assert list(shelf.documents("VolumeXML", known, ())) == [volume]
    assert list(shelf.documents("VolumeXML", {"/volume/@pool": "q"}, ())) == []
    assert list(shelf.documents("VolumeXML", {"/volume/x[@y]": "q"}, ())) == [volume]
    assert list(shelf.every(("DomainXML", "DomainConfigXML"), {}, ())) == [off, runs]


def test_a_document_does_not_keep_its_source() -> None:
    document = Document(("VolumeXML",), parse("<volume/>"))
    ended = weakref.ref(Shelf([document]))
    assert ended() is None  # at once, and not when Python looks for rings


def test_a_leaf_may_be_there_several_times() -> None:
    first, second = (Document(("MetricXML",), parse(f"<metrics>{each}</metrics>")) for each in (
        "<metric id='a'/><metric id='b'/><metric/>", "<metric id='b'/><metric id='b'/>"))
    shelf = Shelf([first, second])
    for text, found in {"a": [first], "b": [first, second], "c": []}.items():
        assert list(shelf.documents("MetricXML", {"/metrics/metric/@id": text}, ())) == found
