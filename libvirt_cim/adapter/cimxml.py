# SPDX-License-Identifier: LGPL-2.1-or-later
"""CIM-XML (DSP0201 2.4, DSP0200 1.4): what other modules use of its codec.

An Encoder writes; `instances` reads a document, a Decoder and the functions on elements the
parts of a message.
"""

from __future__ import annotations

from .cimxml_decode import Decoder, embedded, instances
from .cimxml_decode_class import class_, intrinsic_parameter, parameter, qualifier_type
from .cimxml_encode import Encoder, class_name
from .cimxml_value import attribute, escape

__all__ = [
    "Decoder",
    "Encoder",
    "attribute",
    "class_",
    "class_name",
    "embedded",
    "escape",
    "instances",
    "intrinsic_parameter",
    "parameter",
    "qualifier_type",
]
