# SPDX-License-Identifier: LGPL-2.1-or-later
"""CIM over HTTP (DSP0200 1.4, 6.3 and 7): the headers of a request, and of what answers it.

Knows WSGI's names for headers and nothing of what the body says. A header that is wrong is Refused.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from typing import Any, Optional

import attrs

from .cimxml_message import BAD, UNSUPPORTED, Refused

Environ = Mapping[str, Any]  # WSGI's
Headers = list[tuple[str, str]]

METHODS = "POST, M-POST, OPTIONS, GET, HEAD"
CONTENT_TYPE = "application/xml; charset=utf-8"
MAPPING = "http://www.dmtf.org/cim/mapping/http/v1.0"
_MAN = re.compile(rf'\s*"?{re.escape(MAPPING)}"?\s*;\s*ns\s*=\s*"?(\d{{2}})"?\s*', re.IGNORECASE)
_XML = ("application/xml", "text/xml")
_ACCEPTED = ("*/*", "application/*", "text/*", *_XML)
_FEATURES = {
    "CIMProtocolVersion": "1.0",
    "CIMSupportedFunctionalGroups": "basic-read, basic-write, instance-manipulation, "
                                    "association-traversal, query-execution",
    "CIMValidation": "loosely-validating",
}


@attrs.frozen
class Wire:
    """How one request spells DSP0200's headers: M-POST has a number before each."""

    environ: Environ
    number: str = ""

    def header(self, name: str) -> Optional[str]:
        """The value of one of DSP0200's headers."""
        prefix = f"{self.number}_" if self.number else ""
        found = self.environ.get(f"HTTP_{prefix}{name}".upper())
        return None if found is None else str(found)

    def check(self) -> None:
        """That it asks for one operation, in a version and form that we know."""
        if self.header("CIMBatch") is not None:
            raise Refused(UNSUPPORTED, "multiple-requests-unsupported", "one request at a time")
        if (self.header("CIMOperation") or "").strip().lower() != "methodcall":
            raise Refused(BAD, "unsupported-operation", "CIMOperation is not MethodCall")
        version = self.header("CIMProtocolVersion")
        if version is not None and not version.strip().startswith("1."):
            raise Refused(UNSUPPORTED, "unsupported-protocol-version", "the version is not 1")
        _check_type(self.environ)

    def answer(self) -> Headers:
        """The headers of an answer that has a body of CIM-XML."""
        headers = [("Content-Type", CONTENT_TYPE)]
        if not self.number:
            return [*headers, ("CIMOperation", "MethodResponse")]
        return [*headers, ("Ext", ""), ("Cache-Control", 'no-cache="Ext"'),
                ("Man", f"{MAPPING}; ns={self.number}"),
                (f"{self.number}-CIMOperation", "MethodResponse")]

    def refusal(self, cim_error: str) -> Headers:
        """The header that says what is wrong with a request."""
        prefix = f"{self.number}-" if self.number else ""
        return [(f"{prefix}CIMError", cim_error)] if cim_error else []


def wire(environ: Environ) -> Wire:
    """The request's own spelling; other methods of HTTP than POST and M-POST are Refused."""
    method = environ.get("REQUEST_METHOD")
    if method == "POST":
        return Wire(environ)
    if method != "M-POST":
        raise Refused("405 Method Not Allowed", "", f"the methods here are {METHODS}")
    found = _MAN.fullmatch(str(environ.get("HTTP_MAN", "")))
    if found is None:
        raise Refused("510 Not Extended", "", f"M-POST needs Man: {MAPPING}; ns=NN")
    return Wire(environ, found[1])


def _check_type(environ: Environ) -> None:
    kind, *parameters = str(environ.get("CONTENT_TYPE", "")).split(";")
    charset = [value.strip().strip("\"'").lower() for name, _, value in
               (each.partition("=") for each in parameters) if name.strip().lower() == "charset"]
    if kind.strip().lower() not in _XML or charset not in ([], ["utf-8"], ["utf8"]):
        raise Refused("415 Unsupported Media Type", "", f"the body must be {CONTENT_TYPE}")
    if environ.get("HTTP_CONTENT_ENCODING", "identity").strip().lower() != "identity":
        raise Refused("415 Unsupported Media Type", "", "the body must not be encoded")
    accept = str(environ.get("HTTP_ACCEPT", "")).strip()
    kinds = [each.partition(";")[0].strip().lower() for each in accept.split(",")]
    if accept and not any(each in _ACCEPTED for each in kinds):
        raise Refused("406 Not Acceptable", "", f"the answer is {CONTENT_TYPE}")


def options() -> Headers:
    """The answer to OPTIONS: what this server can do (DSP0200, 7.5)."""
    return [("Allow", METHODS), ("Content-Length", "0"), ("Opt", f"{MAPPING}; ns=77"),
            *((f"77-{name}", value) for name, value in _FEATURES.items())]


def body(environ: Environ, limit: int) -> bytes:
    """The body of a request; one that is too large, too slow or no body at all is Refused."""
    length = str(environ.get("CONTENT_LENGTH") or "")
    chunked = bool(environ.get("wsgi.input_terminated"))
    if not chunked and not length:
        raise Refused("411 Length Required", "", "Content-Length must be given")
    if not chunked and not (length.isascii() and length.isdigit()):
        raise Refused(BAD, "", "Content-Length is no number")
    if not chunked and (len(length) > 15 or int(length) > limit):
        raise _too_large(limit)
    try:
        data: bytes = environ["wsgi.input"].read(limit + 1 if chunked else int(length))
    except (TimeoutError, socket.timeout):  # one since Python 3.10
        raise Refused("408 Request Timeout", "", "the body took too long") from None
    except Exception as error:  # of whichever server this runs in
        if "too large" in str(error).lower():
            raise _too_large(limit) from None
        raise Refused(BAD, "", "the body cannot be read") from None
    if len(data) > limit:
        raise _too_large(limit)
    return data


def _too_large(limit: int) -> Refused:
    return Refused("413 Request Entity Too Large", "", f"a body has at most {limit} bytes")
