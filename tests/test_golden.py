# SPDX-License-Identifier: LGPL-2.1-or-later
"""The example guests as instance MOF, kept in tests/golden/, and defined in libvirt's test driver.

`pytest --regenerate` writes the files anew; read the difference before you commit it.
"""

from __future__ import annotations

import pathlib

import pytest

import libvirt_cim
from libvirt_cim import adapter, resource, schema
from libvirt_cim.convert import PREFIXES

libvirt = pytest.importorskip("libvirt")
EXAMPLES = dict(resource.texts("xml/example"))
LICENCE = "// SPDX-License-Identifier: LGPL-2.1-or-later\n"
GOLDEN = pathlib.Path(__file__).parent / "golden"


def mof_of(xml: str) -> str:
    """The instances of a document, associations too, as MOF."""
    instances = libvirt_cim.to_cim(xml.encode(), associations=True)
    prefix = instances[0].class_name.partition("_")[0]
    classes = schema.load(prefix).resolved
    return LICENCE + "".join(adapter.mof.instances(instances, classes))


@pytest.mark.parametrize("name", EXAMPLES)
def test_golden(name: str, request: pytest.FixtureRequest) -> None:
    """What an example converts to is what it converted to before."""
    file = GOLDEN / (pathlib.PurePath(name).stem + ".mof")
    text = mof_of(EXAMPLES[name])
    if request.config.getoption("--regenerate"):
        GOLDEN.mkdir(exist_ok=True)
        file.write_text(text)
    assert text == file.read_text()


def test_no_golden_file_is_left_over() -> None:
    """Every file belongs to an example, and there is one for every prefix of a hypervisor."""
    assert {each.stem for each in GOLDEN.iterdir()} == {pathlib.PurePath(n).stem for n in EXAMPLES}
    texts = [each.read_text() for each in GOLDEN.iterdir()]
    for prefix in PREFIXES.values():
        assert any(f"instance of {prefix}_ComputerSystem" in text for text in texts)


@pytest.mark.parametrize("name", EXAMPLES)
def test_rebuilt_example_is_the_same_to_libvirt(name: str) -> None:
    """Original and rebuilt, both defined in the test driver, give the same XMLDesc."""
    descriptions = []
    rebuilt = libvirt_cim.to_xml(libvirt_cim.to_cim(EXAMPLES[name].encode()))
    for xml in (EXAMPLES[name], rebuilt):
        connection = libvirt.open("test:///default")
        guest = connection.defineXML(xml)
        descriptions.append(guest.XMLDesc(libvirt.VIR_DOMAIN_XML_INACTIVE))
        guest.undefine()
        connection.close()
    assert descriptions[0] == descriptions[1]
