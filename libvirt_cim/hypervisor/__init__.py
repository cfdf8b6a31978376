# SPDX-License-Identifier: LGPL-2.1-or-later
"""libvirt: connections, guests, what else a host has, and errors. Only here is it imported."""
