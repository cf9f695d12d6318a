"""What each exit code means, in words."""

from __future__ import annotations

from xtcli.errors import ExitCode

MEANINGS = {
    ExitCode.OK: "done",
    ExitCode.FAILED: "anything else failed",
    ExitCode.USAGE: "wrong words or values",
    ExitCode.NOT_FOUND: "not found",
    ExitCode.NOT_ALLOWED: "not allowed",
    ExitCode.NO_STATION: "no station here, or its keys are locked",
    ExitCode.CORRUPT: "log damaged",
    ExitCode.REJECTED: "refused as false or foreign",
    ExitCode.LINK_DOWN: "no link",
    ExitCode.WAITING: "saved here, still waiting",
    ExitCode.PARTLY: "done in part",
    ExitCode.DEVICE: "no device",
    ExitCode.DISK_FULL: "disk full",
    ExitCode.STOPPED: "stopped by Ctrl-C",
}
