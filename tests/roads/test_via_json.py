"""`xt sync --via ROAD --json`: whatever the road and however it ends, one document and its code."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.roads.processes import XT, Line, environment, serving
from tests.roads.realm import DEPT, Realm

SILENT = "sms:sh -c 'echo SIZE 1750; cat >&2'"


@pytest.fixture(scope="module")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Realm]:
    """A hub that serves UDP, HTTPS and a line, and a post that knows all of them."""
    made = Realm(tmp_path_factory.mktemp("realm"), hub_address=f"127.0.0.1:{free_port()}")
    made.clock.at = time.time()
    made.join("desk", "desk", DEPT)
    https = free_port()
    where = f"127.0.0.1:{https}"
    words = [
        "hub",
        "invite",
        "--station",
        "村",
        "--kind",
        "post",
        "--practitioner",
        "乌兰",
    ]
    with Line() as line:
        (made.root / "line").symlink_to(line.ends[1])
        (made.root / "stick").mkdir()
        (made.root / "taken" / "xt").mkdir(parents=True)
        (made.root / "taken" / "xt" / "holiday.jpg").write_bytes(b"not xt")
        with serving(made.hub_home.root, "--https", where, "--serial", f"{line.ends[0]}@115200"):
            code = run(made.hub_home.root, *words, "--https", where)[1]["code"]
            assert run(made.root / "post", "join", str(code))[0] == 0
            yield made
    made.close()


def run(home: Path, *words: str) -> tuple[int, dict[str, object]]:
    """The exit code and the one document."""
    done = subprocess.run([XT, *words, "--json"], env=environment(home), capture_output=True,
                          text=True, check=False)  # fmt: skip
    assert "Traceback" not in done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return done.returncode, found


@pytest.mark.parametrize(
    ("road", "code", "word"),
    [
        ("udp", 0, "ok"),
        ("udp:127.0.0.1:9", 8, "link_down"),
        ("udp:no.such.host.invalid:9", 8, "LinkDown"),
        ("https", 0, "ok"),
        ("https:elsewhere", 2, "UsageError"),
        ("serial:LINE@115200", 0, "ok"),
        ("serial:/dev/nowhere", 11, "DeviceMissing"),
        ("serial:/dev/null@fast", 2, "UsageError"),
        ("folder:ROOT/stick", 0, "ok"),
        ("folder:ROOT/taken", 10, "partly"),
        ("folder:ROOT/none", 3, "NotFound"),
        (SILENT, 0, "ok"),
        ("sms:sh -c 'echo SIZE 1'", 8, "LinkDown"),
        ("sms:no-such-command", 2, "UsageError"),
        ("nothing", 2, "UsageError"),
    ],
)
def test_one_document(realm: Realm, road: str, code: int, word: str) -> None:
    road = road.replace("ROOT", str(realm.root)).replace("LINE", str(realm.root / "line"))
    left, said = run(realm.root / "post", "sync", "--via", road, "--timeout", "5")
    error = said.get("error")
    kind = error["kind"] if isinstance(error, dict) else said["exit_code"]
    assert (left, kind) == (code, word)
