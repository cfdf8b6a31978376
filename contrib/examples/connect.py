# SPDX-License-Identifier: LGPL-2.1-or-later
"""The connection of the examples: the server's URL is their first argument.

Who asks, where the server wants to know, is in $WBEM_USER and $WBEM_PASSWORD; $WBEM_CA is the file
of the authority that signed the server's certificate, where the system does not know it.
"""

from __future__ import annotations

import os
import sys

import pywbem

NAMESPACE = "root/virt"


def connect() -> pywbem.WBEMConnection:
    """A connection to the server that the command line names."""
    if len(sys.argv) != 2:
        sys.exit(f"usage: {sys.argv[0]} URL")
    user = os.environ.get("WBEM_USER")
    credentials = (user, os.environ.get("WBEM_PASSWORD", "")) if user else None
    return pywbem.WBEMConnection(sys.argv[1], credentials, NAMESPACE,
                                 ca_certs=os.environ.get("WBEM_CA"))
