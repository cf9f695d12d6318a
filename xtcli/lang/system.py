"""What the operating system says about an error, in words for people, in the language in force;
and names that strangers gave, so that a terminal may show them.

Only what happens to people with sticks, lines and commands has a sentence; the rest is said as the
system says it.
"""

from __future__ import annotations

import errno
import os
import socket

from xtcli.lang import tr

SENTENCES = {
    errno.ENOENT: "it is not there",
    errno.ENODEV: "it is not there",
    errno.ENXIO: "it is not there",
    errno.EACCES: "you may not use it",
    errno.EPERM: "you may not use it",
    errno.EBUSY: "it is in use",
    errno.EAGAIN: "it is in use",
    errno.ENOTTY: "it is no such device",
    errno.EISDIR: "it is a folder",
    errno.ENOTDIR: "it is no folder",
    errno.ENOEXEC: "it is no program",
    errno.EIO: "it could not be read or written",
    errno.EROFS: "it is locked",
    errno.EADDRINUSE: "it is in use",
    errno.EADDRNOTAVAIL: "it is not of this computer",
    errno.ENETUNREACH: "there is no network to it",
    errno.EHOSTUNREACH: "there is no network to it",
    errno.ENOTCONN: "its connection broke",
    errno.ECONNABORTED: "its connection broke",
    errno.ESTALE: "its connection broke",
}


SHOWN_MAX = 60


def harmless(text: str, most: int = SHOWN_MAX) -> str:
    """A stranger's words, such as the name of a file on a stick: at most so many characters of one
    line, nothing that a terminal obeys, nothing that cannot be written."""
    cut = text if len(text) <= most else text[: most - 1] + "…"
    return "".join(one if one.isprintable() else "?" for one in cut)


def because(error: Exception) -> str:
    """Why, without the name of what it is about: whoever tells it has said that."""
    if isinstance(error, socket.gaierror):
        # Its numbers are no errno.
        again = error.errno == socket.EAI_AGAIN
        return tr("no name server answers") if again else tr("no name server knows it")
    number = getattr(error, "errno", None)
    if number is None:
        # pyserial puts the number into words when it sets a device up.
        cause = error.__context__
        inner = getattr(cause, "args", ())
        number = inner[0] if inner and isinstance(inner[0], int) else None
    if number in SENTENCES:
        return tr(SENTENCES[number])
    if isinstance(number, int):
        return os.strerror(number)
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
