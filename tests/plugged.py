# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a test's library imports inside a CIM server: libvirt_cim's own, and what tests need.

The clock stands, and there are events.
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from typing import Callable

sys.path.append(str(Path(__file__).parent.parent))

from lab import TIME, guest  # noqa: E402

from libvirt_cim import cimom  # noqa: E402
from libvirt_cim.broker import Broker  # noqa: E402
from libvirt_cim.cim import Class, Instance, Property  # noqa: E402
from libvirt_cim.hypervisor import statistics  # noqa: E402

EVENT = "Virt_TestIndication"
MOF = f"class {EVENT} : CIM_ProcessIndication {{ }};\n"  # what a server is told of it

statistics.now = lambda: TIME
_declared = Broker.classes


def _classes(broker: Broker, namespace: str) -> Callable[[str], Class]:
    """A broker's classes, and one of events, of which the tables have none yet."""
    found = _declared(broker, namespace)
    event = Class(EVENT, None, {
        "IndicationIdentifier": Property("IndicationIdentifier", "string"),
        "CorrelatedIndications": Property("CorrelatedIndications", "string", True)})
    return lambda name: event if name.lower() == EVENT.lower() else found(name)


setattr(Broker, "classes", _classes)  # noqa: B010  (mypy takes it so)


def plugged(file: str, output: int, address: int) -> None:
    """As cimom.plugged."""
    cimom.plugged(file, output, address)
    threading.Thread(target=_happening, daemon=True).start()


def _happening() -> None:
    """An event comes again and again to who wants it, or happens to a guest."""
    adapter, number = cimom._ADAPTER, 0
    while adapter is not None:
        time.sleep(0.2)
        for wanted in adapter.events.filters():
            number += 1
            if wanted.class_name.lower() != EVENT.lower():
                host = adapter.broker.host(wanted.namespace).watching().handle
                host.defineXML(guest(f"told{number}")).undefine()
                continue
            event = Instance(EVENT, {"IndicationIdentifier": f"test {number} é",
                                     "CorrelatedIndications": ["a", "<b>"]})
            adapter.events.deliver(wanted.namespace, event)
