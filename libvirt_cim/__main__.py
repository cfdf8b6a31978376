# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the command. Without click or rich it says what to install."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """The command libvirt-cim."""
    sys.stdin = sys.stdin or open(os.devnull)  # a daemon may have closed them
    sys.stdout = sys.stdout or open(os.devnull, "w")
    try:
        import click  # noqa: F401
        import rich  # noqa: F401

        from .command import program
    except ImportError as error:
        sys.exit(f"libvirt-cim: {error}; pip install 'libvirt-cim[cli]' has all it needs")
    except KeyboardInterrupt:
        sys.exit(130)
    try:
        program(prog_name="libvirt-cim")
    except OSError as error:  # of the help: there is no place for it
        sys.exit(f"libvirt-cim: {error.strerror}")


if __name__ == "__main__":
    main()
