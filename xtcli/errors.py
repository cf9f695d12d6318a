"""Every way a command can fail: one sentence on what happened, one on what to do, one exit code.

    XtError
    ├── UsageError        what the person typed or the file they gave cannot be used
    ├── NotFound          no such case, record, station or blob here
    ├── NotAllowed        the roster does not let this practitioner or station do that
    ├── KeyMissing        this home has no station yet, or its keys cannot be read
    ├── LogCorrupt        the log on disk does not check
    ├── BundleRejected    a bundle, datagram or file from outside does not check
    ├── PeerMisbehaved    the other station broke the protocol
    ├── LinkDown          nothing came back in the time given
    ├── DeviceMissing     no microphone, speaker, camera or library for it
    └── DiskFull          there is no room to write safely

It knows no room above it and prints nothing.
"""

from __future__ import annotations

from enum import IntEnum

from xtcli.lang import tr


class ExitCode(IntEnum):
    """Exit codes of every `xt` command. Stable: scripts depend on them."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    NOT_ALLOWED = 4
    NO_STATION = 5
    CORRUPT = 6
    REJECTED = 7
    LINK_DOWN = 8
    WAITING = 9
    PARTLY = 10
    DEVICE = 11
    DISK_FULL = 12
    STOPPED = 130
    """Ctrl-C, as shells say it."""


class XtError(Exception):
    """A failure with a sentence for a person.

    `message` and `hint` are English templates; `values` fill their `{places}`. `str(error)` and
    `error.advice` give them in the language in force.
    """

    exit_code = ExitCode.FAILED

    def __init__(self, message: str, hint: str = "", /, **values: object) -> None:
        """Keep the templates; they are translated when shown, not when raised."""
        super().__init__(message, hint)
        self.message = message
        self.hint = hint
        self.values = values

    def __str__(self) -> str:
        """What happened, in the language in force."""
        return tr(self.message, **self.values)

    @property
    def advice(self) -> str:
        """What to do next, in the language in force; may be empty."""
        return tr(self.hint, **self.values) if self.hint else ""


class UsageError(XtError):
    """What the person typed, or a file they gave, cannot be used."""

    exit_code = ExitCode.USAGE


class NotFound(XtError):
    """No such case, record, station or blob here."""

    exit_code = ExitCode.NOT_FOUND


class NotAllowed(XtError):
    """The roster does not let this practitioner or station do that."""

    exit_code = ExitCode.NOT_ALLOWED


class KeyMissing(XtError):
    """This home has no station yet, or its keys cannot be read."""

    exit_code = ExitCode.NO_STATION


class LogCorrupt(XtError):
    """The log on disk does not check."""

    exit_code = ExitCode.CORRUPT


class BundleRejected(XtError):
    """A bundle, datagram or file from outside does not check."""

    exit_code = ExitCode.REJECTED


class PeerMisbehaved(XtError):
    """The other station broke the protocol."""

    exit_code = ExitCode.REJECTED


class LinkDown(XtError):
    """Nothing came back in the time given."""

    exit_code = ExitCode.LINK_DOWN


class DeviceMissing(XtError):
    """No microphone, speaker, camera, or library for it."""

    exit_code = ExitCode.DEVICE


class DiskFull(XtError):
    """There is no room to write safely."""

    exit_code = ExitCode.DISK_FULL
