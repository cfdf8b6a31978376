# SPDX-License-Identifier: LGPL-2.1-or-later
"""Registration with CIM servers (CIMOMs) that load our library: what each is told, and where."""
