# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvirt's errors in CIM's terms, by one table; libvirtError goes no further than here.

Where this package is what brings libvirt into the process, libvirt no longer prints its errors on
stderr; where another program had imported it before, that program's handler stays as it is.
"""

from __future__ import annotations

import sys
from typing import Any, Callable

_FIRST = "libvirt" not in sys.modules

import libvirt as libvirt  # noqa: E402  (the other modules take it from here)

from ..cim import Error, Status  # noqa: E402

# virErrorNumber, without VIR_ERR_. All others are FAILED; so are those this libvirt does not know.
_CODES = {
    Status.NOT_FOUND: """NO_DOMAIN NO_NETWORK NO_NETWORK_PORT NO_NETWORK_METADATA NO_STORAGE_POOL
        NO_STORAGE_VOL NO_NODE_DEVICE NO_INTERFACE NO_NWFILTER NO_NWFILTER_BINDING NO_SECRET
        NO_DOMAIN_SNAPSHOT NO_DOMAIN_CHECKPOINT NO_DOMAIN_BACKUP NO_DOMAIN_METADATA NO_SERVER
        NO_CLIENT DEVICE_MISSING""",
    Status.ACCESS_DENIED: """ACCESS_DENIED AUTH_FAILED AUTH_CANCELLED AUTH_UNAVAILABLE
        OPERATION_DENIED""",
    Status.NOT_SUPPORTED: "NO_SUPPORT OPERATION_UNSUPPORTED ARGUMENT_UNSUPPORTED",
    Status.INVALID_PARAMETER: """XML_ERROR XML_DETAIL XML_INVALID_SCHEMA CONF_SYNTAX PARSE_FAILED
        CONFIG_UNSUPPORTED INVALID_ARG INVALID_MAC OS_TYPE OVERFLOW CPU_INCOMPATIBLE""",
    Status.ALREADY_EXISTS: "DOM_EXIST NETWORK_EXIST NETWORK_PORT_EXIST STORAGE_VOL_EXIST",
}
STATUS = {getattr(libvirt, f"VIR_ERR_{name}"): status for status, names in _CODES.items()
          for name in names.split() if hasattr(libvirt, f"VIR_ERR_{name}")}
_WIRE = (libvirt.VIR_FROM_RPC, libvirt.VIR_FROM_REMOTE)
Libvirt = libvirt.libvirtError


def silence() -> None:
    """Keep libvirt from printing its errors; this replaces any handler of the process."""
    libvirt.registerErrorHandler(lambda context, error: None, None)


if _FIRST:
    silence()


def translated(error: Any, before: str = "") -> Error:
    """The cim.Error of a libvirtError: its status by the table, its text in one line."""
    text = " ".join(str(error.get_error_message() or error).split())
    return Error(STATUS.get(error.get_error_code(), Status.FAILED), before + text)


def told(error: Any) -> bool:
    """Whether it says what failed: libvirt's last error may be gone before libvirt-python looks."""
    return error.get_error_code() is not None


def lost(error: Any, handle: Any) -> bool:
    """Whether it was the connection that failed, not the call.

    A daemon reports the errors of its own connections (migration) in the same words: the handle
    decides.
    """
    if error.get_error_code() == libvirt.VIR_ERR_INVALID_CONN:
        return True
    return error.get_error_domain() in _WIRE and not alive(handle)


def alive(handle: Any) -> bool:
    """Whether a connection is open (None is not), as far as this end knows; no round trip."""
    try:
        return handle is not None and bool(handle.isAlive())
    except Libvirt:
        return False


def method(handle: Any, name: str) -> Callable[..., Any]:
    """A call that a libvirt of ours may lack: CIM_ERR_NOT_SUPPORTED then."""
    found: Any = getattr(handle, name, None)
    if found is None:
        raise Error(Status.NOT_SUPPORTED, f"this libvirt has no {type(handle).__name__}.{name}")
    return found  # type: ignore[no-any-return]
