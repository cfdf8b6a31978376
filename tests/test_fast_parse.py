# SPDX-License-Identifier: LGPL-2.1-or-later
"""What libvirt itself wrote is read without its indentation, and without any other change."""

from __future__ import annotations

from typing import Optional

import pytest
from lxml import etree

from libvirt_cim import tree


@pytest.mark.parametrize("text, read", [
    ("<d>\n  <a/>\n  <b>\n    <c/>\n  </b>\n</d>", "<d><a/><b><c/></b></d>"),
    ("<d>\n  <title>  </title>\n</d>", "<d><title>  </title></d>"),
    ("<d>\n  <e>a\n\n  b </e>\n</d>", "<d><e>a\n\n  b </e></d>"),
    ("<d>\n  <metadata>\n    <m> <n/> </m>\n  </metadata>\n</d>", None),
])
def test_indentation_is_left_out(text: str, read: Optional[str]) -> None:
    assert etree.tostring(tree.fast_parse(text), encoding="unicode") == (read or text)
    assert tree.same(tree.fast_parse(text), etree.fromstring(text))
