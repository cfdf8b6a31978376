# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a test's library imports inside a CIM server: libvirt_cim's own, and a clock that stands.

An event of the class that $LIBVIRT_CIM_TEST_EVENT names comes again and again to who wants it.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent))

from lab import TIME  # noqa: E402

from libvirt_cim import cimom  # noqa: E402
from libvirt_cim.cim import Instance  # noqa: E402
from libvirt_cim.hypervisor import statistics  # noqa: E402

statistics.now = lambda: TIME


def plugged(file: str, output: int, address: int) -> None:
    """As cimom.plugged."""
    cimom.plugged(file, output, address)
    name = os.environ.get("LIBVIRT_CIM_TEST_EVENT")
    if name:
        threading.Thread(target=_happening, args=[name], daemon=True).start()


def _happening(class_name: str) -> None:
    adapter, number = cimom._ADAPTER, 0
    while adapter is not None:
        time.sleep(0.2)
        for wanted in adapter.events.filters():
            number += 1
            event = Instance(class_name, {"IndicationIdentifier": f"test {number} é"})
            adapter.events.deliver(wanted.namespace, event)
