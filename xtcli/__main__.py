"""`python -m xtcli`, and the `xt` command."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from xtcli.cli.app import run

    run()


if __name__ == "__main__":
    main()
