# SPDX-License-Identifier: LGPL-2.1-or-later
"""A request of CIM-XML taken apart (DSP0200 1.4, DSP0201 2.4): what is called, on what.

Knows the message around a call and the headers that repeat it. What is wrong here is refused with a
status of HTTP; what is wrong inside a parameter is a CIM error, and not looked at here.
"""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterator, Sequence
from typing import Optional

import attrs

from .. import tree
from ..cim import Error, Path, parse_path
from ..tree import Element
from .cimxml_decode import Decoder

BAD, UNSUPPORTED = "400 Bad Request", "501 Not Implemented"
NAME = "request"  # what messages call the document
_DOCTYPE = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_TARGETS = {"METHODCALL": ("LOCALINSTANCEPATH", "LOCALCLASSPATH")}


class Refused(Exception):
    """A request that HTTP's status answers: the status, DSP0200's word for it, and why."""

    def __init__(self, status: str, cim_error: str = "", why: str = "") -> None:
        super().__init__(status, cim_error, why)
        self.status, self.cim_error, self.why = status, cim_error, why


@attrs.frozen
class Call:
    """One operation or method that is asked for; `path` is what a method is called on."""

    id: str
    name: str
    namespace: str
    path: Optional[Path]  # None: an operation
    parameters: Sequence[Element]

    @property
    def target(self) -> str:
        """The value that the header CIMObject has."""
        return self.namespace if self.path is None else str(self.path)


def read(data: bytes) -> Call:
    """The call that a message holds, or Refused."""
    root = _parsed(data)
    if root.tag != "CIM":
        raise _loose(f"{root.tag} is not CIM")
    _version(root, "CIMVERSION", "2.", "unsupported-cim-version")
    _version(root, "DTDVERSION", "2.", "unsupported-dtd-version")
    message = _only(root, "MESSAGE")
    _version(message, "PROTOCOLVERSION", "1.", "unsupported-protocol-version")
    if message.get("ID") is None:
        raise _loose("MESSAGE has no attribute ID")
    if [child.tag for child in message] == ["MULTIREQ"]:
        raise Refused(UNSUPPORTED, "multiple-requests-unsupported", "one request at a time")
    call = _only(_only(message, "SIMPLEREQ"), "IMETHODCALL", "METHODCALL")
    try:
        return _call(message.get("ID"), call)
    except Error as error:
        raise _loose(error.text) from None


def _parsed(data: bytes) -> Element:
    if _DOCTYPE.search(data):  # before anything is expanded
        raise Refused(BAD, "request-not-valid", "a document type declaration is not accepted")
    try:
        return tree.parse(data, NAME)
    except Error as error:
        raise Refused(BAD, "request-not-well-formed", error.text) from None


def _loose(why: str) -> Refused:
    return Refused(BAD, "request-not-loosely-valid", why)


def _version(element: Element, attribute: str, begins: str, cim_error: str) -> None:
    text = element.get(attribute)
    if text is None:
        raise _loose(f"{element.tag} has no attribute {attribute}")
    if not text.startswith(begins):
        raise Refused(UNSUPPORTED, cim_error, f"{attribute} {text}")


def _only(element: Element, *tags: str) -> Element:
    try:
        return Decoder(NAME).only(element, *tags)
    except Error as error:
        raise _loose(error.text) from None


def _call(id_: str, element: Element) -> Call:
    decoder = Decoder(NAME)
    name = decoder.named(element)
    if not len(element):
        raise decoder.fail(element, "holds no path")
    target, parameters = element[0], element[1:]
    intrinsic = element.tag == "IMETHODCALL"
    for child in parameters:
        if child.tag != ("IPARAMVALUE" if intrinsic else "PARAMVALUE"):
            raise decoder.misplaced(child)
    if intrinsic:
        if target.tag != "LOCALNAMESPACEPATH":
            raise decoder.misplaced(target)
        return Call(id_, name, decoder.location(target)[0] or "", None, parameters)
    if target.tag not in _TARGETS[element.tag]:
        raise decoder.misplaced(target)
    path = decoder.path(target)
    return Call(id_, name, path.namespace or "", path, parameters)


# headers

def check_headers(call: Call, method: Optional[str], target: Optional[str]) -> None:
    """CIMMethod and CIMObject must be there, and say what the message says (DSP0200, 6.3)."""
    if method is None or target is None:
        raise Refused(BAD, "header-mismatch", "CIMMethod and CIMObject must be given")
    if not any(each.lower() == call.name.lower() for each in _meant(method)):
        raise Refused(BAD, "header-mismatch", f"CIMMethod is not {call.name}")
    if not any(_same_target(call, each) for each in _meant(target)):
        raise Refused(BAD, "header-mismatch", f"CIMObject is not {call.target}")


def _meant(text: str) -> Iterator[str]:
    """What a header may mean: UTF-8 with %XX for what it has no place for (DSP0200, 6.3.3).

    pywbem sends it as it is, in Latin-1.
    """
    raw = text.strip().encode("latin-1", "replace")
    for data in (urllib.parse.unquote_to_bytes(raw), raw):
        yield data.decode("utf-8", "replace")
        yield data.decode("latin-1")


def _same_target(call: Call, text: str) -> bool:
    if call.path is None:
        return text.strip("/").lower() == call.namespace.lower()
    try:
        given = parse_path(text.lstrip("/") if text[:2] != "//" else text)
    except Error:
        return False
    return (given.namespace or "").lower() == call.namespace.lower() and _loosely(
        given) == _loosely(call.path)


def _loosely(path: Path) -> tuple[object, ...]:
    """What of a path must agree: numbers and truths may be quoted, paths spelled otherwise."""
    keys = {name.lower(): None if isinstance(value, Path) or "=" in str(value)
            else str(value).lower() for name, value in path.keys.items()}
    return path.class_name.lower(), sorted(keys.items(), key=lambda item: item[0])
