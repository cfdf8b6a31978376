# SPDX-License-Identifier: LGPL-2.1-or-later
"""The methods of registered profiles: DSP1033."""

from __future__ import annotations

from .call import Call, Result


def central_instances(call: Call) -> Result:
    """CIM_RegisteredProfile.GetCentralInstances: those of a profile that are of its central class.

    An instance that keeps to the profile may be there as its scope only.
    """
    profile = call.query.get(call.path, frozenset(("CentralClass",)))
    found = call.query.associator_names(
        call.path, "CIM_ElementConformsToProfile", profile["CentralClass"],
        "ConformantStandard", "ManagedElement",
    )
    return 0, {"CentralInstances": list(found)}
