"""What the tests of the emulator's shells share."""

from __future__ import annotations

import pytest

from xtcli.errors import XtError
from xtcli.transport.emulator.core import Duplex
from xtcli.transport.emulator.profiles import profile
from xtcli.transport.emulator.tun import JoinedHosts


@pytest.fixture(scope="session")
def joins() -> bool:
    """Whether this machine and user can make namespaces with TUN devices."""
    try:
        with JoinedHosts(Duplex(profile("lan"), overhead=0)):
            return True
    except XtError:
        return False
