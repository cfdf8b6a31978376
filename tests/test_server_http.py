# SPDX-License-Identifier: LGPL-2.1-or-later
"""What HTTP makes possible: one request taken for two, other sites' pages, much in a request."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

import pytest
from served import LOCAL, config, connected, everything, head, message, reply, sent, serving
from test_server_abuse import LIMITS, answered


@pytest.fixture(scope="module")
def made() -> Iterator[Any]:
    with serving(config(limits=LIMITS)) as found:
        yield found

# one request taken for two (RFC 9112), and two for one

LENGTH = len(message())
INNER = head(headers={"Content-Length": 0})
CHUNKED = f"{LENGTH:x}\r\n".encode() + message() + b"\r\n0\r\n\r\n"


def headed(lines: str, body: bytes = message()) -> bytes:
    """A request with header lines as they are."""
    return head()[:-2] + lines.encode() + b"\r\n\r\n" + body


@pytest.mark.parametrize("request_", [
    headed(f"Content-Length: {LENGTH}\r\nContent-Length: {LENGTH + len(INNER)}", message() + INNER),
    headed(f"Content-Length: {LENGTH + len(INNER)}\r\nContent-Length: {LENGTH}", message() + INNER),
    headed(f"Content-Length: {LENGTH}, {LENGTH}"),
    headed(f"Content-Length: {LENGTH}\r\nTransfer-Encoding: chunked", b"0\r\n\r\n" + INNER),
    headed("Transfer-Encoding: chunked\r\nContent-Length: 3", CHUNKED + INNER),
    headed(f"Content-Length: {LENGTH}\r\nTransfer-Encoding : chunked"),
    headed(f"Content-Length: {LENGTH}\r\nTransfer-Encoding:\r\n chunked"),
    headed(f"Content-Length : {LENGTH}"),
    headed(f"Content-Length: {LENGTH}\r\nHost: other"),
    headed(f"Content-Length: {LENGTH}\r\nX\0: y"),
])
def test_a_head_that_can_be_read_in_two_ways(made: Any, request_: bytes) -> None:
    found = answered(made, request_)
    assert reply(found).status == 400 and found.count(b"HTTP/1.1 ") == 1


def test_a_header_spelled_as_another(made: Any) -> None:
    lines = f"Content_Length: 3\r\nContent-Length: {LENGTH}\r\nConnection: close"
    assert reply(answered(made, headed(lines))).status == 200
    for lines in (f"Content-Length: {LENGTH}\r\nContent_Type: text/plain\r\nConnection: close",
                  f"Content-Length: {LENGTH}\r\nCIM_Batch: 1\r\nConnection: close"):
        assert reply(answered(made, headed(lines))).status == 200


def test_requests_one_after_the_other_without_waiting(made: Any) -> None:
    one = headed(f"Content-Length: {LENGTH}")
    found = answered(made, one * 5 + headed(f"Content-Length: {LENGTH}\r\nConnection: close"))
    assert found.count(b"HTTP/1.1 200 OK") == 6
    found = answered(made, one + b"GARBAGE\r\n\r\n" + one)
    assert found.count(b"HTTP/1.1 200 OK") == 1 and b"HTTP/1.1 400 " in found


# what a page in somebody's browser may send elsewhere

@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded",
                                  "multipart/form-data; boundary=x", None])
def test_a_form_is_no_request(made: Any, kind: Any) -> None:
    assert sent(made, Content_Type=kind, Origin="http://example.com").status == 415
    assert sent(made, Content_Type=kind, CIMOperation=None, CIMMethod=None).status in (400, 415)


def test_pages_of_others_may_not_ask(made: Any) -> None:
    asks = {"Access_Control_Request_Method": "POST", "CIMOperation": None,
            "Access_Control_Request_Headers": "cimoperation, content-type"}
    for found in (sent(made, b"", "OPTIONS", Origin="http://example.com", **asks),
                  sent(made, Origin="http://example.com")):
        assert not [name for name in found.headers if name.startswith("access-control-")]


# much or deep inside a request

def get(name: str, content: str) -> bytes:
    """The message of GetInstance on a path."""
    return message(f'<IMETHODCALL NAME="GetInstance">{LOCAL}<IPARAMVALUE NAME="InstanceName">'
                   f'<INSTANCENAME CLASSNAME="{name}">{content}</INSTANCENAME></IPARAMVALUE>'
                   "</IMETHODCALL>")


def test_very_many_keys(made: Any) -> None:
    keys = "".join(f'<KEYBINDING NAME="k{n}"><KEYVALUE/></KEYBINDING>' for n in range(1_900))
    begun = time.monotonic()
    found = sent(made, get("Virt_ComputerSystem", keys), CIMMethod="GetInstance")
    assert b'<ERROR CODE="4"' in found.body or b'<ERROR CODE="6"' in found.body
    assert len(found.body) < 2_000 and time.monotonic() - begun < 1


def test_instances_embedded_in_each_other_in_a_parameter(made: Any) -> None:
    inner = '<INSTANCE CLASSNAME="A"/>'
    for _ in range(12):  # each doubles the length of what is escaped
        inner = escape(inner).replace('"', "&quot;")
        inner = ('<INSTANCE CLASSNAME="A"><PROPERTY NAME="p" TYPE="string" '
                 f'EmbeddedObject="object"><VALUE>{inner}</VALUE></PROPERTY></INSTANCE>')
        if len(inner) > 20_000:
            break
    call = ('<METHODCALL NAME="GetCentralInstances"><LOCALCLASSPATH><LOCALNAMESPACEPATH>'
            '<NAMESPACE NAME="interop"/></LOCALNAMESPACEPATH>'
            '<CLASSNAME NAME="Virt_RegisteredProfile"/></LOCALCLASSPATH><PARAMVALUE '
            f'NAME="MaxNumber" PARAMTYPE="string" EmbeddedObject="object"><VALUE>{escape(inner)}'
            "</VALUE></PARAMVALUE></METHODCALL>")
    found = sent(made, message(call), CIMMethod="GetCentralInstances",
                 CIMObject="interop:Virt_RegisteredProfile")
    assert found.status == 200 and b'<ERROR CODE="' in found.body


def test_a_large_answer_read_slowly(made: Any) -> None:
    body = message(f'<IMETHODCALL NAME="EnumerateClasses">{LOCAL}<IPARAMVALUE '
                   'NAME="DeepInheritance"><VALUE>TRUE</VALUE></IPARAMVALUE></IMETHODCALL>')
    with connected(made) as sock:
        sock.sendall(head(headers={"Content-Length": len(body), "CIMMethod": "EnumerateClasses",
                                   "Connection": "close"}) + body)
        found = b""
        for _ in range(3):
            found += sock.recv(10)
            assert sent(made).status == 200  # others do not wait
            time.sleep(LIMITS.silence / 2)
        found += everything(sock)
    assert reply(found).status == 200 and found.endswith(b"</CIM>\n\r\n0\r\n\r\n")
