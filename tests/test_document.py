# SPDX-License-Identifier: LGPL-2.1-or-later
"""The documentation is made of the tables: nothing is missing, and docutils has no complaint."""

from __future__ import annotations

import pytest

from libvirt_cim import document
from libvirt_cim.schema import is_row, load

docutils = pytest.importorskip("docutils.core")


@pytest.mark.parametrize("prefix", ["KVM", "Virt"])
def test_every_row_is_on_a_page(prefix: str) -> None:
    """Every class of ours has a section, and every row of it a line with its first path."""
    schema = load(prefix)
    pages = dict(document.pages(schema))
    for name, class_ in schema.declared.items():
        if name.startswith("CIM_"):
            continue
        page = pages[document.page_name(class_.file)]
        section = page[page.index(document.heading(name, "-")):]
        for row in schema.resolved(name).properties.values():
            if is_row(row):
                assert f"   * - {row.name}\n" in section, f"{name}.{row.name}"
        assert name.replace("_", "\\_") in pages[document.INDEX]


def test_docutils_reads_every_page() -> None:
    """Not a warning, and a heading for every class; that of an only one is the subtitle."""
    for name, text in document.pages(load("KVM")):
        html = docutils.publish_string(text, writer="html5", settings_overrides={
            "halt_level": 2, "output_encoding": "unicode"})
        headings = html.count("<h2") + html.count('<p class="subtitle"')
        assert headings == text.count("\n---") or name == document.INDEX
