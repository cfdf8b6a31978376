# SPDX-License-Identifier: LGPL-2.1-or-later
"""All that a server needs, written into a folder for whoever packages it or puts it there by hand.

The server itself is not looked at: DMTF's final schema is taken to be there.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..cim import invalid
from . import files, library
from .plan import FORMS, Plan


def contents(server: str, plan: Plan) -> dict[str, str]:
    """The texts by the names of their files: one for each namespace, and the registration."""
    form = FORMS[server]
    found = {}
    for namespace in plan.namespaces:
        name = f"{namespace.replace('/', '-')}.mof"
        if name in found:
            raise invalid(f"{name} would be the file of two namespaces")
        found[name] = plan.mof(namespace, None, form.marks)
    if form.registration is not None:
        found[form.registration] = plan.registration(server)
    return found


def write(server: str, plan: Plan, place: Path, settings: Mapping[str, str]) -> list[str]:
    """Write what is not so yet; what was done."""
    texts = {place / name: text for name, text in contents(server, plan).items()}
    return [*library.put(place, settings), *(f"{each}: written" for each in files.put(texts))]
