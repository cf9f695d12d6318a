"""`xt` with a wrong clock: `python shifted.py SECONDS xt-arguments...`."""

from __future__ import annotations

import sys

from xtcli.__main__ import main
from xtcli.station import shell

if __name__ == "__main__":
    shift = float(sys.argv[1])
    right = shell.now
    if shift:
        shell.now = lambda: right() + shift
    sys.argv = ["xt", *sys.argv[2:]]
    main()
