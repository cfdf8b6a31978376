# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is measured of each guest and its devices (Base Metrics, DSP1053).

    python contrib/examples/metrics.py http://localhost:5988

A value has a definition, which says what it is and in which unit; both belong to an element.
"""

from __future__ import annotations

from connect import connect


def main() -> None:
    """Print every value with its unit, by what it is of."""
    with connect() as server:
        definitions = {each["Id"]: each
                       for each in server.EnumerateInstances("CIM_BaseMetricDefinition")}
        values = server.EnumerateInstances("CIM_BaseMetricValue")
        for value in sorted(values, key=lambda each: each["InstanceID"]):
            definition = definitions[value["MetricDefinitionId"]]
            unit = definition.get("ProgrammaticUnits") or ""
            element = value.get("MeasuredElementName")
            print(f"{element} {definition['Name']} {value['MetricValue']} {unit}".rstrip())


if __name__ == "__main__":
    main()
