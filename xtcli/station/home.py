"""A station's home: the folder with its settings, keys, log, spool and blobs.

It knows paths and safe writing. It does not know what the log or the spool hold.
"""

from __future__ import annotations

import errno
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from xtcli.errors import DiskFull, KeyMissing, LogCorrupt

SETTINGS_VERSION = 1
KINDS = ("post", "desk", "hub")


@dataclass(frozen=True, slots=True)
class Settings:
    """Who this station is, as its hub enrolled it. Nothing here is secret or about a patient."""

    name: str
    kind: str
    number: int
    practitioner: int
    realm: bytes
    hub_sign: bytes
    hub_seal: bytes
    hub_address: str
    advertise: str = ""
    """A hub's own address as invitations give it; empty at posts and desks."""
    version: int = SETTINGS_VERSION
    extra: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse settings that no enrolment can have made."""
        if self.kind not in KINDS or not 1 <= self.number <= 0xFFFF:
            raise LogCorrupt(
                "The settings of this station cannot be read.",
                "Restore station.json from a copy, or enrol this station again with a new code.",
            )

    def to_json(self) -> str:
        """The text kept in `station.json`."""
        plain = asdict(self)
        for name in ("realm", "hub_sign", "hub_seal"):
            plain[name] = plain[name].hex()
        return json.dumps(plain, ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text: str | bytes) -> Settings:
        """Read what `to_json` wrote; LogCorrupt when it is not that."""
        try:
            plain = json.loads(text)
            for name in ("realm", "hub_sign", "hub_seal"):
                plain[name] = bytes.fromhex(plain[name])
            return cls(**plain)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise LogCorrupt(
                "The settings of this station cannot be read.",
                "Restore station.json from a copy, or enrol this station again with a new code.",
            ) from error


def default_root() -> Path:
    """`XT_HOME`, or the platform's folder for application data."""
    given = os.environ.get("XT_HOME")
    if given:
        return Path(given).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("xt", appauthor=False))


class Home:
    """Paths of one station, and safe writing of its small files."""

    def __init__(self, root: Path) -> None:
        """Nothing is read or made until asked."""
        self.root = root

    @property
    def settings_path(self) -> Path:
        """Settings as JSON."""
        return self.root / "station.json"

    @property
    def keys_path(self) -> Path:
        """Private keys, mode 0600, locked with a PIN if the owner chose one."""
        return self.root / "keys"

    @property
    def log_path(self) -> Path:
        """The log of records."""
        return self.root / "log.db"

    @property
    def spool_path(self) -> Path:
        """What waits to be sent and what has partly arrived."""
        return self.root / "spool.db"

    @property
    def blobs_path(self) -> Path:
        """Attachments under random names."""
        return self.root / "blobs"

    @property
    def hub_path(self) -> Path:
        """A hub's invitations."""
        return self.root / "hub.db"

    def exists(self) -> bool:
        """Whether a station lives here."""
        return self.settings_path.exists()

    def make(self) -> None:
        """Make the folder, readable by its owner only."""
        with disk_errors():
            self.root.mkdir(parents=True, exist_ok=True)
            with suppress(OSError):
                self.root.chmod(0o700)
            self.blobs_path.mkdir(exist_ok=True)

    def settings(self) -> Settings:
        """Who lives here; KeyMissing when nobody does yet."""
        try:
            return Settings.from_json(self.settings_path.read_bytes())
        except FileNotFoundError as error:
            raise KeyMissing(
                "This computer is not a station yet.",
                "Ask your hub for a code and type: xt join CODE",
            ) from error

    def write_settings(self, settings: Settings) -> None:
        """Replace the settings in one step."""
        self.write(self.settings_path, settings.to_json().encode())

    def read_keys(self) -> bytes:
        """The key file's bytes; KeyMissing when it is not there or not readable."""
        try:
            return self.keys_path.read_bytes()
        except OSError as error:
            raise KeyMissing(
                "The keys of this station cannot be read.",
                "Restore the file `keys` in {root}, or enrol again with a new code.",
                root=str(self.root),
            ) from error

    def write(self, path: Path, data: bytes) -> None:
        """Write a small file so that a crash leaves the old one or the new one, owner-only."""
        temporary = path.with_name(path.name + ".new")
        with disk_errors():
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                os.write(handle, data)
                os.fsync(handle)
            finally:
                os.close(handle)
            temporary.replace(path)
            sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` durable, where the platform can."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def disk_errors() -> Iterator[None]:
    """Turn a full disk into DiskFull; let other errors pass."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise DiskFull(
                "The disk is full, so nothing was saved.",
                "Free some space and do it again.",
            ) from error
        raise


LOCK_TRIES = 5
LOCK_PAUSE_SECONDS = 0.02
"""Who only looks at the lock has it for microseconds."""


class SyncLock:
    """At most one process of a home talks on the link at a time; the kernel frees it on a crash."""

    def __init__(self, home: Home) -> None:
        """Nothing is taken yet."""
        self.path = home.root / "sync.lock"
        self.handle: int | None = None

    def take(self) -> bool:
        """Take the lock; False when another process has it, and not only looks whether it is."""
        for _ in range(LOCK_TRIES):
            self.handle = self._lock(shared=False)
            if self.handle is not None:
                return True
            time.sleep(LOCK_PAUSE_SECONDS)
        return False

    def held(self) -> bool:
        """Whether another process has it. Many may look at once; nobody is kept from it."""
        handle = self._lock(shared=True)
        if handle is not None:
            os.close(handle)
        return handle is None

    def _lock(self, *, shared: bool) -> int | None:
        """An open file with the lock on it; None when another process has it."""
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if os.name == "posix":
                import fcntl

                how = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
                fcntl.flock(handle, how | fcntl.LOCK_NB)
            else:
                import msvcrt

                msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            os.close(handle)
            return None
        return handle

    def free(self) -> None:
        """Let the next process have it."""
        if self.handle is not None:
            os.close(self.handle)
            self.handle = None
