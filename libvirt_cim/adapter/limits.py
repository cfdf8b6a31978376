# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a client of the server cannot go beyond: bytes, seconds and numbers."""

from __future__ import annotations

import attrs


@attrs.frozen
class Limits:
    """The limits of a server; the configuration file has them by these names."""

    header: int = 64 * 1024
    body: int = 4 * 1024 * 1024
    silence: int = 10  # seconds between two bytes, or two requests
    request: int = 30  # seconds for a request to have come whole
    answer: int = 300  # seconds for the answer
    threads: int = 16
    connections: int = 512
    enumerations: int = 1000  # open at one time
