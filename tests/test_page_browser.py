# SPDX-License-Identifier: LGPL-2.1-or-later
"""The pages in a real browser: what it makes of them, and that it has nothing to object to."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from lxml import html
from pages import OneHost, text

from libvirt_cim import provider
from libvirt_cim.adapter.page import Pages

BROWSER = next(filter(None, map(shutil.which, (
    "chromium", "chromium-browser", "google-chrome"))), None)
OPTIONS = """--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync
    --disable-background-networking --disable-component-update --enable-logging=stderr""".split()
GUEST = "<img src=x onerror='document.title=1'>\"é"
HOST = f"""<node><domain type='test'><name>{GUEST.replace('<', '&lt;')}</name>
<memory>65536</memory><vcpu>1</vcpu><os><type arch='x86_64'>hvm</type></os></domain></node>"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="there is no Chromium to show the pages"),
]


class Served:
    """The pages on a port of this machine, and what was asked for."""

    def __init__(self, pages: Pages) -> None:
        asked: list[str] = []
        self.asked = asked

        class Handler(WSGIRequestHandler):
            def log_message(self, format: str, *arguments: Any) -> None:
                asked.append(str(self.path))

        self.server = make_server("127.0.0.1", 0, _unstyled(pages), handler_class=Handler)
        self.root = f"http://127.0.0.1:{self.server.server_port}"


def _unstyled(pages: Pages) -> Any:
    """The pages, and the first one of them once more, which does not find its style."""
    def application(environ: Any, start_response: Any) -> Any:
        plain = environ["PATH_INFO"] == "/plain/"
        return pages({**environ, "PATH_INFO": "/", "SCRIPT_NAME": "/none"} if plain else environ,
                     start_response)
    return application


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A host whose guest has a name that would rather be HTML."""
    file = tmp_path_factory.mktemp("host") / "host.xml"
    file.write_text(HOST, "utf-8")
    with provider.connect(f"test://{file}") as found:
        made = Served(Pages(OneHost(found)))
        thread = threading.Thread(target=made.server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield made
        made.server.shutdown()
        thread.join()
        made.server.server_close()


def browse(url: str, folder: Path, *more: str) -> tuple[Any, str]:
    """What a browser makes of a page, and what it has to say of it."""
    assert BROWSER is not None
    done = subprocess.run(
        [BROWSER, *OPTIONS, f"--user-data-dir={folder / 'profile'}", *more, "--dump-dom", url],
        capture_output=True, timeout=120, check=True)
    said = [line for line in done.stderr.decode("utf-8", "replace").splitlines()
            if "CONSOLE" in line and "favicon" not in line]
    with contextlib.suppress(OSError):
        shutil.rmtree(folder / "profile")
    return html.fromstring(done.stdout.decode().strip() or "<html></html>"), "\n".join(said)


def test_a_reader_finds_a_guest_and_its_processor(served: Served, tmp_path: Path) -> None:
    """From the first page by its links, as the browser understands them."""
    first, said = browse(served.root + "/", tmp_path)
    assert said == ""
    assert "/style.css" in served.asked
    link, = (each for each in first.iter("a") if text(each) == GUEST)
    guest, said = browse(served.root + link.get("href"), tmp_path)
    assert said == ""
    assert [text(each) for each in guest.iter("h1")] == [GUEST]
    assert guest.findtext(".//title") == f"{GUEST} · libvirt CIM"
    assert not list(guest.iter("img", "script"))
    link, = (each for each in guest.iter("a") if text(each) == f"{GUEST}/0")
    processor, said = browse(served.root + link.get("href"), tmp_path)
    assert said == "" and processor.findtext(".//h1") == f"{GUEST}/0"


def test_the_style_applies(served: Served, tmp_path: Path) -> None:
    """A page looks otherwise where its style cannot be found."""
    shots = []
    for where in ("/", "/plain/"):
        file = tmp_path / "shot.png"
        browse(served.root + where, tmp_path, "--window-size=400,300", f"--screenshot={file}")
        shots.append(file.read_bytes())
    assert shots[0] != shots[1]
