# SPDX-License-Identifier: LGPL-2.1-or-later
"""Nothing is lost: libvirt's own documents, and the same damaged, to CIM and back.

All of this is told by lxml alone and by libvirt; see corpus.py for what is the same.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Optional

import corpus
import pytest
import xpath
from damage import damaged
from lxml import etree
from writing import KINDS

from libvirt_cim import convert, schema
from libvirt_cim.adapter import cimxml, json, mof
from libvirt_cim.cim import Class, Error, Instance
from libvirt_cim.ground import Document

pytestmark = pytest.mark.corpus
ROUNDS = 10 if corpus.FULL else 1  # how often a document is damaged
# Why a document that libvirt may accept is refused, by what the message says after its place.
REFUSED = {
    r"<\S+> has text between elements": "no row can place it; libvirt ignores it",
    r"<domain> has two <devices>": "libvirt reads both; one is written",
    r"<domain> has no <name>": "libvirt refuses it too",
}
# Original and rebuilt differ to libvirt, and may: the document's name -> why.
UNLIKE = {
    "domainschemadata/portprofile.xml": "libvirt makes up the virtual port's ids",
    "qemuxml2argvdata/genid-auto.xml": "libvirt makes up the genid",
    "xlconfigdata/test-fullvirt-ovswitch-tagged.xml": "libvirt makes up the virtual port's ids",
    "xlconfigdata/test-fullvirt-ovswitch-trunked.xml": "libvirt makes up the virtual port's ids",
}


@functools.cache
def rebuilt(name: str) -> str:
    """A document converted to CIM and back."""
    data = corpus.documents().get(name) or corpus.examples()[name]
    return convert.to_xml(convert.to_cim(data))


def outcome(data: bytes, through: Callable[[list[Instance]], Iterable[Instance]] = list) -> str:
    """"" if a document comes back the same, else what happened; another exception is raised."""
    try:
        instances = convert.to_cim(data)
    except Error as error:
        return refusal(str(error))
    back = convert.to_xml(through(instances))
    return "changed" if corpus.differ(data, back) else ""


def refusal(text: str) -> str:
    """"" if a refusal is one line with a place and a known reason."""
    known = any(re.fullmatch(rf"-:\d+: {reason}", text) for reason in REFUSED)
    return "" if known else f"refused: {text}"


def test_every_document_comes_back(documents: dict[str, bytes]) -> None:
    every = {**documents, **corpus.examples()}
    assert not [name for name, data in every.items() if corpus.differ(data, rebuilt(name))]
    assert len(documents) > 2000


# XPath

@pytest.mark.parametrize("kind", KINDS)
def test_rows_read_what_xpath_finds(documents: dict[str, bytes], kind: str) -> None:
    """Every plain row of every element of every document, and every such row has a value once."""
    wrong, compared, found = [], 0, set()
    tables = [table for table in schema.load().tables.values() if kind in table.roots]
    for name in {**documents, **corpus.examples()}:
        document = Document((kind,), corpus.parsed(name))
        for table in tables:
            for row, due, read in xpath.compared(table, document, kind):
                compared += 1
                if due is not None:
                    found.add(f"{table.name}.{row.name}")
                if read != due:
                    wrong.append((name, table.name, row.name, due, read))
    assert not wrong[:5]
    assert compared > 50 * len(documents) and len(found) > 60


# text formats


def declared(class_name: str) -> Class:
    """A class as the schema of its prefix has it."""
    return schema.load(class_name.partition("_")[0]).resolved(class_name)


def as_json(instances: list[Instance]) -> list[Instance]:
    return json.decode("".join(json.encode(instances)))


def as_mof(instances: list[Instance]) -> list[Instance]:
    return mof.decode("".join(mof.instances(instances, declared)), "-", declared)


@functools.cache
def encoder() -> cimxml.Encoder:
    return cimxml.Encoder(declared)


def as_cimxml(instances: list[Instance]) -> list[Instance]:
    return cimxml.instances("".join(encoder().document(instances)).encode())


FORMATS = (as_json, as_mof, as_cimxml)


@pytest.mark.parametrize("through", FORMATS, ids=lambda each: str(each.__name__))
def test_every_format_comes_back(
    documents: dict[str, bytes], through: Callable[[list[Instance]], list[Instance]]
) -> None:
    """A sixth of the documents for each format, each document in no more than one of them."""
    chosen = corpus.sample(6, FORMATS.index(through))
    wrong = {name: outcome(data, through) for name, data in chosen.items()}
    assert not {name: what for name, what in wrong.items() if what}


def first_loss(name: str, data: bytes) -> tuple[bytes, str]:
    """The first damaged form of a document with which something was wrong, and what."""
    for number in range(ROUNDS):
        bad = damaged(data, f"{name} {number}")
        what = outcome(bad, FORMATS[number % 3] if number else list)
        if what:
            return bad, what
    return b"", ""


def test_damaged_documents_come_back_or_are_refused(documents: dict[str, bytes]) -> None:
    wrong = {name: first_loss(name, data) for name, data in corpus.sample(2).items()}
    assert not {name: found for name, found in wrong.items() if found[1]}


def test_damages_are_mostly_accepted(documents: dict[str, bytes]) -> None:
    """A test of the test: most damaged documents are converted and not just refused."""
    accepted = 0
    names = list(documents)[::10]
    for name in names:
        try:
            accepted += bool(convert.to_cim(damaged(documents[name], f"{name} 0")))
        except Error:
            continue
    assert accepted > 0.8 * len(names)


NAMES = ("x/active", "x", "X", "a/b", "a%2Fb", "a%252fb", "a%b", "x~2", "KVM:x", "active", " x ",
         "a\nb", "x/active/active", "x%2Factive", "&lt;", "é")


def named(name: str) -> str:
    """A guest of that name; its first disk's key looks like one of a running guest."""
    return (f"<domain type='kvm'><name>{name}</name><memory>8</memory><vcpu current='2'>4</vcpu>"
            "<devices><disk><target dev='active/vda'/></disk><input/><input/></devices></domain>")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("prefix", [None, "Virt", "Xen"])
def test_any_name_comes_back(name: str, prefix: Optional[str]) -> None:
    back = convert.to_xml(convert.to_cim(named(name), prefix))
    assert not corpus.differ(named(name), back)


def test_guests_come_back_together() -> None:
    """The settings of many guests, in turns: a setting of each, then the next of each."""
    instances = [convert.to_cim(named(name)) for name in NAMES]
    together = [each for turn in zip(*instances) for each in turn]
    back = [xml for _, xml in convert.documents(together)]
    assert len(back) == len(NAMES)
    assert not any(corpus.differ(named(name), xml) for name, xml in zip(NAMES, back))


def test_text_around_rows_comes_back() -> None:
    """Words between elements that rows take out and put back stay words, in their order."""
    xml = ("<domain type='xen'><name>x</name><os>no<type>linux</type>\n<kernel>/k</kernel>x y</os>"
           "</domain>")
    assert not corpus.differ(xml, convert.to_xml(convert.to_cim(xml)))


# libvirt's verdict

HOST = """<node><cpu><nodes>1</nodes><sockets>1</sockets><cores>1</cores><threads>1</threads>
<active>1</active><mhz>1</mhz><model>x86_64</model></cpu><memory>1048576</memory></node>"""


def described(connection: Any, xml: str) -> Optional[str]:
    """What libvirt says of a guest that is defined for a moment; None if it is refused."""
    import libvirt

    try:
        guest = connection.defineXML(xml)
    except libvirt.libvirtError:
        return None
    try:
        return str(guest.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
    finally:
        guest.undefine()


def completed(data: str | bytes) -> str:
    """A document with what libvirt would choose at random: the UUID and MAC addresses."""
    root = etree.fromstring(data)
    if root.find("uuid") is None:
        etree.SubElement(root, "uuid").text = "00000000-0000-4000-8000-000000000001"
    for number, interface in enumerate(root.iterfind("devices/interface")):
        if interface.find("mac") is None:
            etree.SubElement(interface, "mac", address=f"52:54:00:00:00:{number:02x}")
    return etree.tostring(root, encoding="unicode")


@pytest.fixture
def connection(tmp_path: Path) -> Any:
    """A host of libvirt's test driver with no guests."""
    libvirt = pytest.importorskip("libvirt")
    libvirt.registerErrorHandler(lambda context, error: None, None)
    (tmp_path / "host.xml").write_text(HOST)
    return libvirt.open(f"test://{tmp_path}/host.xml")


def test_libvirt_sees_no_difference(documents: dict[str, bytes], connection: Any) -> None:
    """Original and rebuilt are the same guest to libvirt; most documents it can define."""
    accepted, unlike = 0, set()
    for name, data in {**documents, **corpus.examples()}.items():
        original = described(connection, completed(data))
        if original is not None:
            accepted += 1
            if described(connection, completed(rebuilt(name))) != original:
                unlike.add(name)
    assert unlike == set(UNLIKE)
    assert accepted > 0.9 * len(documents)
