# SPDX-License-Identifier: LGPL-2.1-or-later
"""The pages where the server has them: for whom it answers, and for nobody else."""

from __future__ import annotations

import base64
import contextlib
import http.client
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Optional

import bcrypt
import pytest
from lab import GUESTS, LAB
from pages import Reply
from served import config, serving
from test_page_browser import BROWSER, browse

from libvirt_cim import principal
from libvirt_cim.provider import Provider

URLS = ["/", "/style.css", "/class/root/virt/Virt_LogicalDisk", "/nothing", "/cimom"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The lab and the same once more, for a reader."""
    file = tmp_path_factory.mktemp("users") / "htpasswd"
    file.write_text(f"reader:{bcrypt.hashpw(b'right', bcrypt.gensalt(4)).decode()}\n", "utf-8")
    with serving(config(LAB, LAB, users=str(file))) as found:
        yield found


def ask(made: Any, url: str, who: Optional[str] = "reader:right", method: str = "GET") -> Reply:
    """The answer to a request as a browser sends it."""
    headers = {} if who is None else {
        "Authorization": f"Basic {base64.b64encode(who.encode()).decode()}"}
    connection = http.client.HTTPConnection("127.0.0.1", made.bind_addr[1], timeout=20)
    with contextlib.closing(connection):
        connection.request(method, url, headers=headers)
        found = connection.getresponse()
        given = {name.lower(): value for name, value in found.getheaders()}
        return Reply(found.status, given, found.read())


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("who", [None, "reader:wrong", "nobody:right"])
def test_nobody_else_sees_a_page(made: Any, url: str, who: Optional[str]) -> None:
    """Not even whether there is one."""
    for method in ("GET", "HEAD"):
        found = ask(made, url, who, method)
        assert found.status == 401 and found.headers["www-authenticate"].startswith("Basic ")
        assert found.body == (b"" if method == "HEAD" else b"a name and its password are needed\n")


@pytest.mark.parametrize(("url", "status"), [*zip(URLS, (200, 200, 200, 404, 404))])
def test_who_may_read_sees_them(made: Any, url: str, status: int) -> None:
    got, head = ask(made, url), ask(made, url, method="HEAD")
    assert (got.status, head.status, head.body) == (status, status, b"")
    assert int(got.headers["content-length"]) == len(got.body)
    assert got.headers["content-length"] == head.headers["content-length"]
    assert "default-src 'none'" in got.headers["content-security-policy"]


def test_every_host_has_its_pages(made: Any) -> None:
    page = ask(made, "/").page
    links = page.xpath("//nav[@id='places']//a/@href")
    assert links[:2] == ["/?namespace=root%2Fvirt", "/?namespace=root%2Fvirt%2F2"]
    other = ask(made, links[1]).page
    guests = other.xpath("//table[caption='Guests']/tbody//th/a")
    assert {each.text for each in guests} == set(GUESTS)
    assert all("root%2Fvirt%2F2%3A" in each.get("href") for each in guests)
    assert {ask(made, each.get("href")).status for each in guests} == {200}


def test_the_log_says_who_has_seen_what(made: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "libvirt_cim.server"):
        ask(made, "/class/root/virt/Virt_LogicalDisk?name=x")
        ask(made, "/nothing")
        ask(made, "/nothing", None)
    first, second, third = [each.getMessage() for each in caplog.records]
    assert first.startswith("127.0.0.1 reader GET /class/root/virt/Virt_LogicalDisk ok ")
    assert second.startswith("127.0.0.1 reader GET /nothing 404 ")
    assert third.startswith("127.0.0.1 - GET /nothing 401 ")


def test_a_host_is_asked_for_who_asks(made: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    plain = Provider.enumerate_class_names

    def noting(self: Provider, *arguments: Any, **named: Any) -> Any:
        asked.append(principal.current())
        return plain(self, *arguments, **named)

    monkeypatch.setattr(Provider, "enumerate_class_names", noting)
    assert ask(made, "/").status == 200
    assert asked and set(asked) == {"reader"} and principal.current() is None


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium to show the pages")
def test_a_browser_gives_the_password(made: Any, tmp_path: Path) -> None:
    where = f"127.0.0.1:{made.bind_addr[1]}/"
    page, said = browse(f"http://reader:right@{where}", tmp_path)
    assert said == "" and [each.text for each in page.iter("h1")] == ["root/virt"]
    page, _ = browse(f"http://{where}", tmp_path)
    assert not page.xpath("//table")
