"""`python -m xtcli`, and the `xt` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    try:
        from xtcli.cli.app import run

        run()
    except KeyboardInterrupt:
        # While it was loading, or leaving.
        from xtcli.cli.output import stopped

        stopped("--json" in sys.argv)


if __name__ == "__main__":
    main()
