"""The folder carrier on real files: sticks full, pulled, shared, copied, tampered with."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from xtcli.errors import BundleRejected, DiskFull, LinkDown, NotFound, UsageError
from xtcli.transport.bundle.envelope import ENVELOPE_BYTES_MAX, Envelope, realm_hint
from xtcli.transport.bundle.pack import Part, pack
from xtcli.transport.bundle.seal import bundle_context, open_sealed, seal
from xtcli.transport.carriers.choices import ABANDONED_SECONDS, DAMAGED_SECONDS
from xtcli.transport.carriers.folder import (
    Refused,
    clean,
    drop,
    drop_sent,
    put,
    status,
    take,
)

SAMPLE = Path(__file__).parents[1] / "data" / "consults.jsonl"
REALM = b"realm-01"
HINT = realm_hint(REALM)
HUB, POST, OTHER = 1, 12, 13


def envelope(sender: int = POST, recipient: int = HUB, priority: int = 1, size: int = 200) -> bytes:
    """An envelope around noise that no other has."""
    return Envelope(recipient, sender, HINT, priority, os.urandom(size)).to_bytes()


def taken(folder: Path, station: int = HUB) -> list[bytes]:
    """What the station takes, without deleting it."""
    return [found.envelope.to_bytes() for found in take(folder, station, HINT)]


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "xt").iterdir())


def test_there_and_back(tmp_path: Path) -> None:
    """Post to hub, answer to post; what was taken frees its space."""
    request, answer = envelope(POST, HUB), envelope(HUB, POST)
    put(tmp_path, request, os.urandom)
    for found in take(tmp_path, HUB, HINT):
        assert found.envelope.to_bytes() == request
        drop(tmp_path, found.name)
    put(tmp_path, answer, os.urandom)
    assert taken(tmp_path, HUB) == []
    assert taken(tmp_path, POST) == [answer]


def test_most_urgent_first_then_small(tmp_path: Path) -> None:
    made = {
        name: envelope(priority=priority, size=size)
        for name, priority, size in (
            ("photo", 5, 5000), ("text", 1, 300), ("short", 1, 200), ("stat", 0, 400)
        )
    }  # fmt: skip
    for data in made.values():
        put(tmp_path, data, os.urandom)
    assert taken(tmp_path) == [made[n] for n in ("stat", "short", "text", "photo")]


def test_two_posts_on_one_stick(tmp_path: Path) -> None:
    """Each sees its own; the hub sees both; a stranger's realm sees nothing."""
    ours, theirs = envelope(POST, HUB), envelope(OTHER, HUB)
    reply = envelope(HUB, OTHER)
    for data in (ours, theirs, reply):
        put(tmp_path, data, os.urandom)
    assert sorted(taken(tmp_path, HUB)) == sorted([ours, theirs])
    assert taken(tmp_path, OTHER) == [reply]
    assert taken(tmp_path, POST) == []
    assert list(take(tmp_path, None, realm_hint(b"realm-02"))) == []
    assert len(list(take(tmp_path, None, HINT))) == 3


def test_duplicates_vanish(tmp_path: Path) -> None:
    """Writing again gives the file that is there; a copied file is the same bundle."""
    data = envelope()
    name, _ = put(tmp_path, data, os.urandom)
    assert put(tmp_path, data, os.urandom) == (name, False)
    (tmp_path / "xt" / "0123456789abcdef.xtb").write_bytes(data)
    assert len({found.envelope.tag for found in take(tmp_path, HUB, HINT)}) == 1
    for found in take(tmp_path, HUB, HINT):
        drop(tmp_path, found.name)
    assert files(tmp_path) == []


def test_receipt_by_another_road_frees_the_space(tmp_path: Path) -> None:
    first, second, foreign = envelope(), envelope(), envelope(OTHER)
    for data in (first, second, foreign):
        put(tmp_path, data, os.urandom)
    tags = {Envelope(HUB, POST, HINT, 1, data[-200:]).tag for data in (first, foreign)}
    assert drop_sent(tmp_path, POST, HINT, tags) == 1
    assert sorted(taken(tmp_path)) == sorted([second, foreign])


def test_full_stick(tmp_path: Path) -> None:
    """The write fails as a whole, nothing stays behind, small bundles still fit."""
    kept, _ = put(tmp_path, envelope(size=100), os.urandom)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(DiskFull) as caught:
            put(tmp_path, envelope(size=50_000), os.urandom)
        assert str(tmp_path) in str(caught.value)
        assert files(tmp_path) == [kept]
        put(tmp_path, envelope(size=10_000), os.urandom)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert len(taken(tmp_path)) == 2


WRITER = """
import os, sys
from pathlib import Path
from xtcli.transport.bundle.envelope import Envelope
from xtcli.transport.carriers.folder import put
print("go", flush=True)
while True:
    data = Envelope(1, 12, bytes.fromhex(sys.argv[2]), 1, os.urandom(400_000)).to_bytes()
    print(put(Path(sys.argv[1]), data, os.urandom)[0], flush=True)
"""


def test_killed_while_writing(tmp_path: Path) -> None:
    """Whatever name was given is whole afterwards; what is not whole has no name and is cleaned."""
    rnd = random.Random(4)
    for _ in range(8):
        command = [sys.executable, "-c", WRITER, str(tmp_path), HINT.hex()]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(rnd.uniform(0.001, 0.05))
            os.kill(writer.pid, signal.SIGKILL)
            named = writer.stdout.read().split()
        refused: list[Refused] = []
        found = {one.name for one in take(tmp_path, HUB, HINT, refused)}
        assert refused == []
        assert {name for name in named if name.endswith(".xtb")} <= found
        clean(tmp_path, time.time() + 2 * ABANDONED_SECONDS)
        assert set(files(tmp_path)) == found
        for name in found:
            drop(tmp_path, name)


def test_torn_file_is_refused_then_written_again(tmp_path: Path) -> None:
    """A stick that lies about fsync: the name is there, the content is not."""
    data = envelope()
    name, _ = put(tmp_path, data, os.urandom)
    for length in (0, 1, 2, 5, 9, 50, len(data) - 1):
        (tmp_path / "xt" / name).write_bytes(data[:length])
        refused: list[Refused] = []
        assert list(take(tmp_path, HUB, HINT, refused)) == []
        assert [one.name for one in refused] == [name]
        assert refused[0].reason.endswith(".")
    name, _ = put(tmp_path, data, os.urandom)
    assert taken(tmp_path) == [data]


def test_clean_leaves_what_is_young_whole_or_not_ours(tmp_path: Path) -> None:
    whole, _ = put(tmp_path, envelope(), os.urandom)
    inside = tmp_path / "xt"
    (inside / "00000000000000aa.part").write_bytes(b"never finished")
    (inside / "00000000000000bb.xtb").write_bytes(b"damaged")
    (inside / "holiday.jpg").write_bytes(b"somebody's picture")
    now = time.time()
    assert clean(tmp_path, now) == 0
    assert clean(tmp_path, now + ABANDONED_SECONDS + 60) == 1
    assert clean(tmp_path, now + DAMAGED_SECONDS + 60) == 1
    assert clean(tmp_path, now + 1000 * DAMAGED_SECONDS) == 0
    assert files(tmp_path) == sorted([whole, "holiday.jpg"])


def test_malicious_stick(tmp_path: Path) -> None:
    """Links, pipes, folders, huge and odd files: each refused once, the good one still taken."""
    secret = tmp_path / "secret"
    secret.write_bytes(envelope())
    stick = tmp_path / "stick"
    inside = stick / "xt"
    inside.mkdir(parents=True)
    (inside / "00000000000000aa.xtb").symlink_to(secret)
    (inside / "00000000000000ab.xtb").symlink_to("/dev/zero")
    (inside / "00000000000000ac.xtb").mkdir()
    os.mkfifo(inside / "00000000000000ad.xtb")
    with (inside / "00000000000000ae.xtb").open("wb") as huge:
        huge.write(envelope())
        huge.truncate(ENVELOPE_BYTES_MAX * 8)
    (inside / "new\nline").write_bytes(b"\xff" * 100)
    (inside / "00000000000000af.xtb").write_bytes(b"")
    good = envelope()
    put(stick, good, os.urandom)
    refused: list[Refused] = []
    found = [one.envelope.to_bytes() for one in take(stick, HUB, HINT, refused)]
    assert found == [good]
    assert len({one.name for one in refused}) == len(refused) == 7
    assert clean(stick, time.time() + 2 * DAMAGED_SECONDS) == 2
    assert secret.exists()


def test_noise_never_crashes(tmp_path: Path) -> None:
    """Five hundred files of seeded noise and altered envelopes."""
    rnd = random.Random(11)
    inside = tmp_path / "xt"
    inside.mkdir()
    for number in range(500):
        data = bytearray(envelope(size=60) if number % 2 else rnd.randbytes(rnd.randrange(80)))
        if data and number % 4:
            data[rnd.randrange(len(data))] ^= 1 << rnd.randrange(8)
        (inside / f"{number:016x}.xtb").write_bytes(data)
    refused: list[Refused] = []
    found = list(take(tmp_path, HUB, HINT, refused))
    about = status(tmp_path, HUB, HINT)
    assert len(found) + len(refused) <= 500
    assert about.for_us + about.for_others + about.foreign == 500
    clean(tmp_path, time.time() + 2 * DAMAGED_SECONDS)


def test_subfolder_that_leads_elsewhere(tmp_path: Path) -> None:
    elsewhere, stick = tmp_path / "elsewhere", tmp_path / "stick"
    elsewhere.mkdir()
    stick.mkdir()
    (stick / "xt").symlink_to(elsewhere)
    with pytest.raises(UsageError):
        put(stick, envelope(), os.urandom)
    with pytest.raises(UsageError):
        list(take(stick, HUB, HINT))
    assert list(elsewhere.iterdir()) == []


def test_stick_that_is_not_there_or_goes_away(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        list(take(tmp_path / "no", HUB, HINT))
    stick = tmp_path / "stick"
    stick.mkdir()
    assert list(take(stick, HUB, HINT)) == []
    for _ in range(3):
        put(stick, envelope(), os.urandom)
    seen = take(stick, HUB, HINT)
    next(seen)
    stick.rename(tmp_path / "pulled")
    with pytest.raises(LinkDown):
        next(seen)


def test_callers_mistakes(tmp_path: Path) -> None:
    with pytest.raises(BundleRejected):
        put(tmp_path, b"not an envelope", os.urandom)
    for name in ("../secret", "a.xtb", "0000000000000000.part"):
        with pytest.raises(ValueError, match="name"):
            drop(tmp_path, name)
    (tmp_path / "xt").write_bytes(b"a file of this name")
    with pytest.raises(UsageError):
        put(tmp_path, envelope(), os.urandom)


def test_status_counts(tmp_path: Path) -> None:
    for data in (envelope(), envelope(), envelope(HUB, POST), envelope(OTHER, OTHER)):
        put(tmp_path, data, os.urandom)
    (tmp_path / "xt" / "00000000000000aa.part").write_bytes(b"x")
    (tmp_path / "xt" / "readme.txt").write_bytes(b"hello")
    about = status(tmp_path, POST, HINT)
    assert (about.for_us, about.from_us, about.for_others) == (1, 2, 1)
    assert (about.foreign, about.partial) == (1, 1)
    assert about.bytes_used > 800
    assert about.bytes_free > 0


def test_times_of_files_tell_the_day_and_no_hour(tmp_path: Path) -> None:
    """Nor are files of today taken for damaged ones of yesterday."""
    for number in range(3):
        put(tmp_path, envelope(size=100 + number), os.urandom)
    times = {path.stat().st_mtime for path in (tmp_path / "xt").iterdir()}
    assert {time % 86_400 for time in times} == {0}
    (whole, *_) = (tmp_path / "xt").iterdir()
    whole.write_bytes(whole.read_bytes()[:-1])
    day = max(times)
    os.utime(whole, (day, day))
    assert clean(tmp_path, day + 86_399 + DAMAGED_SECONDS / 2) == 0
    assert clean(tmp_path, day + DAMAGED_SECONDS) == 1


def test_a_lost_stick_shows_nothing(tmp_path: Path) -> None:
    """No name, no note, no word of one, in any encoding, in no file and no file name."""
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()[:20]
    private = os.urandom(32)
    public = X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
    context = bundle_context(REALM, POST, HUB)
    for line in lines:
        plain = pack([Part(line.encode(), bytes(72))])
        sealed = seal(plain, recipient=public, context=context, entropy=os.urandom, bucket=256)
        put(tmp_path, Envelope(HUB, POST, HINT, 1, sealed).to_bytes(), os.urandom)
    on_stick = b"".join(
        path.read_bytes() + str(path.relative_to(tmp_path)).encode()
        for path in tmp_path.rglob("*")
        if path.is_file()
    )
    said = [value for line in lines for value in json.loads(line).values()]
    pieces = [v[k : k + 3] for v in said if isinstance(v, str) for k in range(0, len(v) - 2, 3)]
    words = [piece for piece in pieces if not piece.isascii()]  # noise holds short digits by chance
    assert len(words) > 900
    for word in words:
        for encoding in ("utf-8", "utf-16-le", "gb18030"):
            assert word.encode(encoding) not in on_stick
    assert len({path.stat().st_size for path in (tmp_path / "xt").iterdir()}) <= 3
    first = next(take(tmp_path, HUB, HINT)).envelope
    assert open_sealed(first.sealed, private=private, context=context)


class Journeys:
    """Two posts, a hub, two sticks that are carried about and now and then damaged."""

    def __init__(self, root: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.sticks = [root / "red", root / "blue"]
        for stick in self.sticks:
            stick.mkdir()
        self.waiting: dict[int, dict[bytes, bytes]] = {POST: {}, OTHER: {}}
        self.sent: set[bytes] = set()
        self.at_hub: set[bytes] = set()

    def file(self, post: int) -> None:
        """A post has something new to send."""
        priority, noise = self.random.randrange(6), self.random.randbytes(120)
        made = Envelope(HUB, post, HINT, priority, noise)
        self.waiting[post][made.tag] = made.to_bytes()
        self.sent.add(made.tag)

    def load(self, stick: Path, post: int) -> None:
        """A post writes everything that has no receipt."""
        for data in self.waiting[post].values():
            put(stick, data, self.random.randbytes)

    def tear(self, stick: Path) -> None:
        """One file loses its end."""
        whole = sorted((stick / "xt").glob("*.xtb")) if (stick / "xt").exists() else []
        if whole:
            torn = self.random.choice(whole)
            torn.write_bytes(torn.read_bytes()[: self.random.randrange(100)])

    def unload(self, stick: Path, *, dropped: float) -> None:
        """The hub takes what is for it; with this chance it gets to delete what it took."""
        for found in take(stick, HUB, HINT):
            self.at_hub.add(found.envelope.tag)
            if self.random.random() < dropped:
                drop(stick, found.name)

    def confirm(self, stick: Path, post: int) -> None:
        """Some receipts reach the post by another road."""
        for tag in sorted(self.at_hub & self.waiting[post].keys()):
            if self.random.random() < 0.5:
                del self.waiting[post][tag]
                drop_sent(stick, post, HINT, {tag})


@pytest.mark.parametrize("seed", range(4))
def test_many_journeys_from_one_seed(tmp_path: Path, seed: int) -> None:
    """Whatever happens on the way, in the end all has arrived and both sticks are empty."""
    world = Journeys(tmp_path, seed)
    for _ in range(40):
        stick, post = world.random.choice(world.sticks), world.random.choice((POST, OTHER))
        world.file(post)
        world.load(stick, post)
        if world.random.random() < 0.4:
            world.tear(stick)
        if world.random.random() < 0.7:
            world.unload(stick, dropped=0.8)
        world.confirm(stick, post)
    for stick in world.sticks:
        for post in (POST, OTHER):
            world.load(stick, post)
        world.unload(stick, dropped=1.0)
        clean(stick, time.time() + 2 * DAMAGED_SECONDS)
        assert files(stick) == []
    assert world.at_hub == world.sent
