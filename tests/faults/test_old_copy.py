"""A post's home is put back to an older copy: nothing lies, nothing waits for ever."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.faults.realm import Realm
from xtcli.errors import ExitCode


def test_what_an_older_copy_writes_is_said_to_be_refused(tmp_path: Path) -> None:
    """The hub has other records under these numbers; the sync ends and says so, through noise."""
    realm = Realm(tmp_path, 5)
    try:
        realm.ok("post", *realm.request("第一个"))
        realm.ok("post", "sync", "--timeout", "60")
        shutil.copytree(realm.home("post"), tmp_path / "copy")
        realm.ok("post", *realm.request("第二个"))
        realm.ok("post", "sync", "--timeout", "60")
        shutil.rmtree(realm.home("post"))
        shutil.move(tmp_path / "copy", realm.home("post"))
        realm.ok("post", *realm.request("第三个"))
        code, output = realm.run("post", "sync", "--timeout", "90")
        assert code == ExitCode.PARTLY, output
        status = json.loads(realm.run("post", "status", "--json")[1])
        assert [one["fork"] for one in status["returned"]] == [True]
        assert status["waiting_records"] == 0
        rows = json.loads(realm.run("post", "list", "--json")[1])["cases"]
        states = [row["state"] for row in rows]
        assert sorted(states) == ["received", "refused"]
        realm.ok("post", "log", "verify")
    finally:
        realm.close()
