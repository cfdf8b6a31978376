# SPDX-License-Identifier: LGPL-2.1-or-later
"""Requests damaged at random: always an answer of HTTP, never a traceback, never a hang."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import targets
from hypothesis import given
from hypothesis import strategies as st
from lab import LAB
from served import HEADERS, LOCAL, config, connected, everything, head, message, reply, serving

from libvirt_cim.adapter.access import WRITE, Access
from libvirt_cim.adapter.cimxml_operation import OPERATIONS
from libvirt_cim.adapter.limits import Limits
from libvirt_cim.adapter.wsgi import Application
from libvirt_cim.serve import broker

KEY = '<KEYBINDING NAME="{}"><KEYVALUE VALUETYPE="{}">{}</KEYVALUE></KEYBINDING>'
PATH = ('<INSTANCENAME CLASSNAME="Virt_ComputerSystem">'
        + KEY.format("CreationClassName", "string", "Virt_ComputerSystem")
        + KEY.format("Name", "string", "front1") + "</INSTANCENAME>")
VALUES = [
    "", "<VALUE>x</VALUE>", "<VALUE/>", "<VALUE>TRUE</VALUE>", "<VALUE>5</VALUE>", "<VALUE.NULL/>",
    "<VALUE.ARRAY><VALUE>Name</VALUE><VALUE/></VALUE.ARRAY>", '<CLASSNAME NAME="CIM_System"/>',
    '<CLASSNAME NAME="Virt_SystemDevice"/>', PATH, f"<VALUE.REFERENCE>{PATH}</VALUE.REFERENCE>",
    PATH.replace('VALUETYPE="string">front1', 'VALUETYPE="numeric">front1'),
    '<INSTANCE CLASSNAME="X"><PROPERTY NAME="A" TYPE="uint8"><VALUE>300</VALUE></PROPERTY>'
    "</INSTANCE>", '<CLASS NAME="X"/>', "<VALUE>SELECT * FROM CIM_System</VALUE>",
    "<VALUE>\u00e9\U0001f600&#9;</VALUE>", "<![CDATA[x]]>", "<!-- x -->",
]
NAMES = sorted({name for each in OPERATIONS.values() for name in each.parameters} | {"X"})
WORDS = [b"<", b">", b"&", b'"', b"\x00", b"\xff", b"/", b"NAME", b"VALUE", b"<VALUE>", b"&#0;",
         b"]]>", b"<!DOCTYPE", b"xmlns=", b" ", b"\r\n", b"INSTANCE", b"KEYBINDING", b"-1"]

PARAMETER = {"IMETHODCALL": "IPARAMVALUE", "METHODCALL": "PARAMVALUE"}
TARGET = f"<LOCALINSTANCEPATH>{LOCAL}{PATH}</LOCALINSTANCEPATH>"
calls = st.builds(
    lambda tag, name, parameters: (name, message(
        f'<{tag} NAME="{name}">{LOCAL if tag == "IMETHODCALL" else TARGET}'
        + "".join(f'<{PARAMETER[tag]} NAME="{each}">{value}</{PARAMETER[tag]}>'
                  for each, value in parameters) + f"</{tag}>")),
    st.sampled_from(["IMETHODCALL", "IMETHODCALL", "IMETHODCALL", "METHODCALL"]),
    st.sampled_from([*OPERATIONS, "RequestStateChange", "X"]),
    st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES)), max_size=4),
)


@st.composite
def damaged(draw: Any) -> tuple[str, bytes]:
    """An operation's name and a message of it, with pieces cut out, put in and moved."""
    name, data = draw(calls)
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 40)))
        piece = draw(st.sampled_from([*WORDS, b"", data[start:end] * 2]))
        data = data[:start] + piece + data[end:]
    return name, data


@pytest.fixture(scope="module")
def application() -> Iterator[Application]:
    with broker(config(LAB)) as hosts:
        yield Application(hosts, Access(open_role=WRITE), Limits(), "host")


class Input:
    """A body as WSGI gives it."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, size: int = -1) -> bytes:
        return self._data[:size]


def asked(application: Application, data: bytes, headers: Mapping[str, str]) -> Any:
    """The status, headers and body that the application answers with."""
    begun: list[Any] = []
    environ = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(data)),
               "wsgi.input": Input(data)}
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    answer = application(environ, lambda *given: begun.extend(given))
    body = b"".join(answer)
    getattr(answer, "close", lambda: None)()
    return begun[0], dict(begun[1]), body


@pytest.fixture(scope="module")
def mistakes() -> Iterator[list[str]]:
    """What the server logs as its own mistake."""
    with targets.mistakes() as seen:
        yield seen


def right(status: str, headers: Mapping[str, str], body: bytes) -> None:
    """An answer that DSP0200 knows: CIM-XML, or a refusal without traces of Python."""
    assert b"Traceback" not in body and b".py" not in body
    if status.startswith("200"):
        assert headers["Content-Type"] == "application/xml; charset=utf-8"
        assert body.startswith(b"<?xml") and body.endswith(b"</SIMPLERSP></MESSAGE></CIM>\n")
    else:
        assert re.match("4|501|510", status)
        assert headers.get("CIMError") or re.match("4(?:06|11|13|15)|510", status)


@given(damaged())
def test_damaged_messages(
    application: Application, mistakes: list[str], sent: tuple[str, bytes]
) -> None:
    name, data = sent
    right(*asked(application, data, {**HEADERS, "CIMMethod": name}))
    assert mistakes == []


@given(st.dictionaries(
    st.sampled_from([*HEADERS, "Accept", "Man", "CIMProtocolVersion", "Authorization",
                     "Content-Encoding", "CIMBatch"]),
    st.text(st.characters(max_codepoint=255), max_size=40)))
def test_damaged_headers(
    application: Application, mistakes: list[str], changed: dict[str, str]
) -> None:
    right(*asked(application, message(), {**HEADERS, **changed}))
    assert mistakes == []


@pytest.fixture(scope="module")
def made() -> Iterator[Any]:
    with serving(config(LAB, limits=Limits(silence=1, request=1))) as found:
        yield found


@given(st.integers(0, 250), st.integers(0, 20),
       st.sampled_from([b"", b"\r\n", b"\n", b"\x00", b":", b" ", b"\xff", b"Content-Length: 3\r\n",
                        b"Transfer-Encoding: chunked\r\n", b"Expect: 100-continue\r\n"]))
def test_damaged_http(
    made: Any, mistakes: list[str], start: int, length: int, piece: bytes
) -> None:
    request = head(headers={"Connection": "close", "Content-Length": len(message())}) + message()
    data = request[:start] + piece + request[start + length:]
    with connected(made, 8) as sock:
        sock.sendall(data)
        sock.shutdown(1)
        found = everything(sock)
    assert b"Traceback" not in found
    assert not found or reply(found).status in range(100, 520)
    assert mistakes == []
