# SPDX-License-Identifier: LGPL-2.1-or-later
"""In what state the systems of a host are, in the words of the class that declares it.

    python contrib/examples/state.py http://localhost:5988
"""

from __future__ import annotations

import pywbem
from connect import connect

PROPERTIES = ("EnabledState", "OperationalStatus")


def main() -> None:
    """Print each system's states: a number stands for a word, which its class says."""
    with connect() as server:
        words = {name: pywbem.ValueMapping.for_property(server, None, "CIM_ComputerSystem", name)
                 for name in PROPERTIES}
        systems = list(server.IterEnumerateInstances("CIM_ComputerSystem"))
        for system in sorted(systems, key=lambda each: each["Name"]):
            enabled, status = ([words[name].tovalues(number) for number in numbers(system, name)]
                               for name in PROPERTIES)
            print(f"{system['Name']}: {', '.join(enabled)} ({', '.join(status)})")


def numbers(system: pywbem.CIMInstance, name: str) -> list[int]:
    """The values that a property has; none if it is NULL."""
    value = system.get(name)
    return value if isinstance(value, list) else [] if value is None else [value]


if __name__ == "__main__":
    main()
