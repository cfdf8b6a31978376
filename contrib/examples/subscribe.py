# SPDX-License-Identifier: LGPL-2.1-or-later
"""What happens to the guests of a host, as it happens (Indications, DSP1054).

    python contrib/examples/subscribe.py http://localhost:5988

It ends with Ctrl-C or SIGTERM, and then wants to be told nothing more. The server reaches it at
$WBEM_LISTENER (ADDRESS:PORT), 127.0.0.1:5990 if that is not set.
"""

from __future__ import annotations

import os
import signal
import sys

import pywbem
from connect import NAMESPACE, connect

QUERY = "SELECT * FROM CIM_InstIndication WHERE SourceInstance ISA CIM_ComputerSystem"


def told(indication: pywbem.CIMInstance, host: str) -> None:
    """Print one line of what has happened to a guest."""
    guest = indication["SourceInstance"]
    print(indication.classname, guest["Name"], "state", guest["EnabledState"], flush=True)


def main() -> None:
    """Listen, subscribe, and wait; the manager removes what it has made."""
    address, _, port = os.environ.get("WBEM_LISTENER", "127.0.0.1:5990").rpartition(":")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    signal.signal(signal.SIGINT, lambda *_: sys.exit())
    listener = pywbem.WBEMListener(address, http_port=port)
    listener.add_callback(told)
    with connect() as server, listener:
        listener.start()
        with pywbem.WBEMSubscriptionManager(f"subscribe-{os.getpid()}") as manager:
            this = manager.add_server(pywbem.WBEMServer(server))
            where = manager.add_destination(this, f"http://{address}:{port}", destination_id="1")
            what = manager.add_filter(this, NAMESPACE, QUERY, "WQL", filter_id="1")
            manager.add_subscriptions(this, what.path, where.path)
            print("subscribed", flush=True)
            signal.pause()


if __name__ == "__main__":
    main()
