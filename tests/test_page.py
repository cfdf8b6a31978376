# SPDX-License-Identifier: LGPL-2.1-or-later
"""The pages for a browser: complete, escaped, read only, bounded."""

from __future__ import annotations

import itertools
import urllib.parse
from collections.abc import Iterator
from pathlib import Path as File
from typing import Any
from xml.sax.saxutils import escape

import pytest
from lab import FRONT1, GUESTS, LAB, ODD, VDA, devices, system
from pages import OPERATIONS, OneHost, Reply, ask, crawl, text

from libvirt_cim import provider, published
from libvirt_cim.adapter.page import Pages
from libvirt_cim.adapter.page_place import LIMIT, kinds
from libvirt_cim.cim import Error, Instance, Path, Status, parse_path
from libvirt_cim.expression import split
from libvirt_cim.schema import load
from libvirt_cim.table import REST

HOSTILE = ["<script>alert(1)<b>", "a\"b'c", "100%25 & <b>", "ünï 漢字", "back\\slash",
           "--><h1>x", "<title>x", "<!-- ]]>", "&lt;", "' onclick='x", "?path=#x",
           "Virt_ComputerSystem", "=,.;"]
GUEST = """<domain type='test'><name>{}</name><memory>65536</memory><vcpu>1</vcpu>
<os><type arch='x86_64'>hvm</type></os></domain>"""


@pytest.fixture(scope="module")
def host() -> Iterator[OneHost]:
    """The lab."""
    with provider.connect(LAB) as found:
        yield OneHost(found)


@pytest.fixture(scope="module")
def pages(host: OneHost) -> Pages:
    """The pages of the lab."""
    return Pages(host)


def own(folder: File, names: list[str]) -> Pages:
    """The pages of a host with guests of those names."""
    file = folder / "host.xml"
    guests = "".join(GUEST.format(escape(name)) for name in names)
    file.write_text(f"<node>{guests}</node>", "utf-8")
    return Pages(OneHost(provider.connect(f"test://{file}")))


def instance(path: Any, **more: str) -> str:
    """The address of an instance's page."""
    return "/instance?" + urllib.parse.urlencode({"path": str(path), **more})


def one_of_each(host: OneHost) -> list[Path]:
    """One instance of each class, the first one."""
    found: dict[str, Path] = {}
    for path in host.provider.enumerate_instance_names("CIM_ManagedElement"):
        found.setdefault(path.class_name, path)
    return list(found.values())


# what is there

def test_every_link_leads_to_a_page(host: OneHost, pages: Pages) -> None:
    """Of all guests but two, which differ the most, the pages of instances are left out."""
    others = [name for name in GUESTS if name not in ("front1", ODD)]

    def skip(url: str) -> bool:
        return url.startswith("/instance") and any(name in url for name in others)

    found = dict(crawl(pages, "/", skip))
    assert {url: each.status for url, each in found.items() if each.status != 200} == {}
    sorts = {url.split("?")[0].split("/")[1] for url in found}
    assert sorts == {"", "class", "schema", "instance", "style.css"}
    assert len(found) > 300
    assert host.asked == OPERATIONS


def test_the_first_page_has_host_guests_and_pools(host: OneHost, pages: Pages) -> None:
    reply = ask(pages, "/")
    guests = {text(row[0]): text(row[1]) for row in reply.rows("Guests")}
    assert set(guests) == set(GUESTS)
    assert guests["cache1"] == "Quiesce 9" and guests["front1"] == "Enabled 2"
    assert [text(row[0]) for row in reply.rows("Host")] == \
        [each["Name"] for each in host.provider.enumerate_instances("Virt_HostSystem")]
    pools = {text(row[0]): row for row in reply.rows("Pools")}
    assert set(pools) == {each["InstanceID"]
                          for each in host.provider.enumerate_instances("CIM_ResourcePool")}
    memory = [text(each) for each in pools["MemoryPool/0"]]
    assert "268435456 byte*2^10 256 GiB" in memory and memory[-1].endswith(" 3 %")
    bar = pools["MemoryPool/0"][-1].find(".//meter")
    assert (bar.get("value"), bar.get("max")) == ("8388608", "268435456")


def test_every_class_with_a_table_is_on_the_first_page(host: OneHost, pages: Pages) -> None:
    rows = ask(pages, "/").rows("Classes that may have instances")
    listed = [text(each) for row in rows for each in row[1].iter("a")]
    assert sorted(listed) == sorted(
        name for name in host.provider.enumerate_class_names(deep_inheritance=True)
        if name in host.provider.schema.tables)


def test_an_instance_has_all_values_with_where_they_come_from(
    host: OneHost, pages: Pages
) -> None:
    schema = host.provider.schema
    for path in one_of_each(host):
        values = host.provider.get_instance(path).properties
        class_ = published.in_full(schema, schema.resolved(path.class_name))
        reply = ask(pages, instance(path))
        rows = {text(row[0]).split()[0]: row for row in reply.rows("Its properties")}
        assert set(rows) == {name for name, value in values.items() if value is not None}
        unset = {text(row[0]).split()[0]: row for row in reply.rows("Properties without a value")}
        for name, row in (*rows.items(), *unset.items()):
            told = text(row[-1])
            for document, path_ in map(split, class_.properties[name].qualifier(
                    "MappingStrings") or ()):
                assert f"{document} " in told and path_ in told, (path, name)
        for name, row in rows.items():
            if isinstance(values[name], str):
                assert text(row[1]) == values[name]


def test_an_instance_has_all_links(host: OneHost, pages: Pages) -> None:
    for path in one_of_each(host):
        reply = ask(pages, instance(path))
        shown = {(text(row[0]), text(row[1]), text(row[2]), each.get("title"))
                 for row in reply.rows("Its associations") for each in row[4].iter("a")}
        known = set()
        for link in host.provider.reference_names(path):
            here = next(name for name, end in link.keys.items() if end == path)
            known |= {(link.class_name, here, name, str(end))
                      for name, end in link.keys.items() if name != here}
        assert shown == known, path


def test_associations_of_one_class(host: OneHost, pages: Pages) -> None:
    reply = ask(pages, instance(FRONT1, through="Virt_SystemDevice"))
    found = {text(row[-1]) for row in reply.rows("Virt_SystemDevice of front1")}
    assert found == {parse_path(each).keys["DeviceID"]
                     for each in devices("front1", GUESTS["front1"])}


def test_what_no_property_takes(pages: Pages) -> None:
    path = 'Virt_OtherResourceAllocationSettingData.InstanceID="front1/hub"'
    reply = ask(pages, instance(path))
    assert "<hub " in text(reply.page.find(".//pre")) and "<hub " not in reply.body.decode()
    assert REST not in {text(row[0]) for row in reply.rows("Its properties")}


def test_what_is_in_a_value(host: OneHost, pages: Pages) -> None:
    path = 'Virt_VirtualEthernetSwitchSettingData.InstanceID="Virt:network/lab"'
    value, = host.provider.get_instance(path)["Addresses"]
    rows = ask(pages, instance(path)).rows(value.class_name)
    assert {text(row[0]): text(row[1]) for row in rows}.items() >= {
        name: each for name, each in value.properties.items() if isinstance(each, str)}.items()
    assert len(rows) == len(value.properties) > 1
    assert text(rows[0][2]) == "NetworkXML @address"


def test_a_declaration(pages: Pages) -> None:
    reply = ask(pages, "/schema/root/virt/virt_logicaldisk")
    assert reply.title == "Virt_LogicalDisk"
    assert "/schema/root/virt/CIM_ManagedElement" in reply.links()
    rows = {text(row[0]): [text(each) for each in row] for row in reply.rows("Properties")}
    assert rows["Access"][2] == "boolean(readonly)" and "true: 1 Readable" in rows["Access"][3]


def test_a_class_without_instances_of_its_own(pages: Pages) -> None:
    reply = ask(pages, "/class/root/virt/CIM_LogicalDevice")
    assert {text(row[1]) for row in reply.rows("Instances of CIM_LogicalDevice")} >= {
        "Virt_LogicalDisk", "Virt_Processor", "Virt_Memory", "Virt_NetworkPort"}
    assert "There are none." in text(ask(pages, "/class/root/virt/CIM_Job").page)


def test_a_class_can_be_typed(pages: Pages) -> None:
    assert ask(pages, instance("virt_logicaldisk")).title == "Virt_LogicalDisk"


def test_the_data_of_the_first_page_is_right() -> None:
    schema = load("KVM")
    for kind in kinds():
        class_ = schema.resolved(schema.concrete(kind.class_name))
        below = [each for name in (class_.name, *schema.children(class_.name, True))
                 for each in schema.resolved(name).properties]
        assert {*kind.columns, *filter(None, (kind.share or "").split("/"))} <= set(below)


# what is hostile

def test_names_are_only_texts(tmp_path: File) -> None:
    pages = own(tmp_path, HOSTILE)
    reply = ask(pages, "/")
    assert {text(row[0]) for row in reply.rows("Guests")} == set(HOSTILE)
    for row in reply.rows("Guests"):
        guest = ask(pages, row[0].find("a").get("href"))
        assert guest.status == 200 and guest.title == text(row[0])
        assert [text(each) for each in guest.page.iter("title")] == \
            [f"{text(row[0])} · libvirt CIM"]
        assert_plain(guest)
    assert_plain(reply)
    for name in HOSTILE:
        found = ask(pages, "/class/root/virt/Virt_ComputerSystem?" +
                    urllib.parse.urlencode({"name": name}))
        assert name in {text(row[0]) for row in found.rows("Instances of Virt_ComputerSystem")}
        assert found.page.find(".//input[@id='name']").get("value") == name
        assert_plain(found)


def assert_plain(reply: Reply) -> None:
    """No element and no attribute is there but those that the pages are made of."""
    assert [each.tag for each in reply.page.iter("script", "b", "h1", "title", "style", "img")] \
        == ["title", "b", "h1"]
    assert not [name for each in reply.page.iter() for name in each.attrib
                if name.startswith("on") or name == "style"]


@pytest.mark.parametrize("url, status, told", [
    ("/nothing", 404, "there is no such page"),
    ("/class", 404, "there is no such page"),
    ("/class/root", 404, "there is no such page"),
    ("/delete/root/virt/Virt_LogicalDisk", 404, "there is no such page"),
    ("/../page.py", 404, "there is no such page"),
    ("/%ff", 400, "the address is not UTF-8"),
    ("/instance?path=%ff", 400, "the address is not UTF-8"),
    ("/class/root/virt/Virt_Nothing", 404, "class Virt_Nothing is not declared"),
    ("/schema/root/virt/<script>", 404, "class <script> is not declared"),
    ("/class/root/else/Virt_LogicalDisk", 404, "namespace root/else does not exist"),
    ("/?namespace=%3Cscript%3E", 404, "namespace <script> does not exist"),
    ("/instance", 400, "'' is not an object path"),
    ("/instance?path=%3Cscript%3E%00", 400, "is not an object path"),
    ("/instance?path=Virt_LogicalDisk.DeviceID=1,,", 400, "bad keys at"),
    (instance(VDA.replace("vda", "vdz")), 404, "No such instance (DeviceID)"),
    (instance(system("<script>")), 404, "No such instance (Name)"),
    (instance(FRONT1, through="Virt_Nothing"), 404, "class Virt_Nothing is not declared"),
    ("/class/root/virt/Virt_LogicalDisk?from=-1", 400, "from='-1' is no number"),
    ("/class/root/virt/Virt_LogicalDisk?from=%D9%A1", 400, "is no number"),
    ("/class/root/virt/Virt_LogicalDisk?from=" + "9" * 5000, 400, "is no number"),
])
def test_what_there_is_not(pages: Pages, url: str, status: int, told: str) -> None:
    reply = ask(pages, url)
    assert reply.status == status
    if reply.headers["content-type"].startswith("text/html"):
        assert_plain(reply)
        assert reply.title.startswith("CIM_ERR_")
        shown = text(reply.page.find(".//p[@class='error']"))
    else:
        shown = reply.body.decode().rstrip("\n")
    assert told in shown and "\n" not in shown


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "M-POST", "", "get"])
def test_there_is_no_method_but_to_read(pages: Pages, method: str) -> None:
    reply = ask(pages, "/", method)
    assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("url", ["/", "/style.css", "/nothing", "/class/root/virt/CIM_Job"])
def test_head_is_get_without_the_body(pages: Pages, url: str) -> None:
    got, head = ask(pages, url), ask(pages, url, "HEAD")
    assert (head.status, head.headers, head.body) == (got.status, got.headers, b"")
    assert int(got.headers["content-length"]) == len(got.body) > 0


@pytest.mark.parametrize("url", ["/", "/style.css", "/nothing", "/instance?path=x"])
def test_headers(pages: Pages, url: str) -> None:
    headers = ask(pages, url).headers
    policy = headers["content-security-policy"].split("; ")
    assert "default-src 'none'" in policy and "style-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy and "base-uri 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store" and "set-cookie" not in headers


# what is much, and what goes wrong

def test_a_long_list_is_turned(tmp_path: File) -> None:
    names = [f"guest{number:03}" for number in range(2 * LIMIT + 5)]
    pages = own(tmp_path, names)
    first = ask(pages, "/")
    assert len(first.rows("Guests")) == LIMIT and "There are more" in text(first.page)
    found, url, turns = set(), "/class/root/virt/Virt_ComputerSystem", 0
    while url:
        reply = ask(pages, url)
        found |= {text(row[0]) for row in reply.rows("Instances of Virt_ComputerSystem")}
        url, turns = next(iter(reply.page.xpath("//a[@rel='next']/@href")), ""), turns + 1
    assert (found, turns) == (set(names), 3)
    assert reply.page.xpath("//a[@rel='prev']/@href")[0].endswith(f"from={LIMIT}")
    of_host, = ask(pages, "/").rows("Host")
    page = ask(pages, of_host[0].find("a").get("href"))
    row = next(row for row in page.rows("Its associations")
               if text(row[3]) == "Virt_ComputerSystem")
    *links, more = row[4].iter("a")
    assert len(links) == LIMIT and text(more) == "more"
    assert len(ask(pages, more.get("href")).rows(
        "Virt_HostedDependency of " + page.title)) == LIMIT


def test_no_more_is_read_than_is_shown(host: OneHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of instances and links without end."""
    count = itertools.count()

    def endless(*arguments: Any, **named: Any) -> Iterator[Instance]:
        while True:
            path = Path("Virt_ComputerSystem", {"Name": str(next(count))}, "root/virt")
            yield Instance("Virt_ComputerSystem", {}, path)

    monkeypatch.setattr(host.provider, "enumerate_instances", endless)
    monkeypatch.setattr(host.provider, "references", endless)
    monkeypatch.setattr(host.provider, "reference_names", lambda path: (
        Path("Virt_SystemDevice", {"GroupComponent": path, "PartComponent": each.path})
        for each in endless()))
    pages = Pages(host)
    assert ask(pages, "/").status == 200
    assert ask(pages, instance(FRONT1, through="Virt_SystemDevice")).status == 200
    assert "There are more" in text(ask(pages, instance(FRONT1)).page)


def test_links_begin_where_the_application_is(pages: Pages) -> None:
    reply = ask(pages, "/a%20b/", root="/a b")
    assert reply.status == 200
    assert all(each.startswith("/a%20b/") for each in reply.links())
    assert all(each.get("action").startswith("/a%20b/") for each in reply.page.iter("form"))


@pytest.mark.parametrize("status, answer", [
    (Status.FAILED, 503), (Status.ACCESS_DENIED, 403), (Status.NOT_SUPPORTED, 501)])
def test_what_a_host_refuses(host: OneHost, monkeypatch: pytest.MonkeyPatch, status: Status,
                             answer: int) -> None:
    def refuse(*arguments: Any, **named: Any) -> None:
        raise Error(status, "the <host> is not there")

    monkeypatch.setattr(host.provider, "get_instance", refuse)
    reply = ask(Pages(host), instance(FRONT1))
    assert (reply.status, reply.title) == (answer, f"CIM_ERR_{status.name}")
    assert text(reply.page.find(".//p[@class='error']")) == "the <host> is not there"


def test_a_mistake_of_ours_tells_nothing(host: OneHost, monkeypatch: pytest.MonkeyPatch,
                                         caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(host.provider, "get_instance", lambda *_, **__: 1 / 0)
    reply = ask(Pages(host), instance(FRONT1))
    assert reply.status == 500 and b"ZeroDivision" not in reply.body
    assert "ZeroDivisionError" in caplog.text
