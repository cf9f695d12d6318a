"""kill -9 of post, desk and hub at random moments while requests are filed and answered.

`Killing(folder, seed).run(rounds)`; `scripts/faults` runs many rounds.
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from tests.faults.realm import PATIENCE_S, Realm

VICTIMS = ("post", "desk", "hub", "nobody")
WAITING = ("received", "opened", "claimed", "sent", "saved")
KILL_AFTER_S = 1.6
"""The latest moment of a kill after a round's start."""
CHECK_EVERY = 25
"""Rounds between two checks of everything."""


class Actor:
    """One person at one station: commands one after another until they are killed."""

    def __init__(self, realm: Realm, name: str, random: Random) -> None:
        """Nothing runs yet."""
        self.realm, self.name, self.random = realm, name, random
        self.process: subprocess.Popen[str] | None = None
        self.killed = False
        self.commands = 0
        self.codes: dict[int, int] = {}

    def play(self, script: Callable[[Actor], Iterator[list[str]]]) -> None:
        """Run a script's commands; what they said counts even if they were killed."""
        self.killed = False
        for words in script(self):
            if self.killed:
                return
            self.say(*words)

    def say(self, *words: str) -> str:
        """One command."""
        self.process = self.realm.popen(self.name, *words)
        self.commands += 1
        output, _ = self.process.communicate(timeout=PATIENCE_S)
        code = self.process.returncode
        self.codes[code] = self.codes.get(code, 0) + 1
        self.realm.note(self.name, output)
        assert "Traceback" not in output, f"xt {words[0]} at the {self.name}: {output}"
        return output

    def kill(self) -> None:
        """kill -9 of the command under way."""
        self.killed = True
        if self.process is not None:
            self.process.kill()


class Killing:
    """Rounds of work and kills in one realm."""

    def __init__(self, folder: Path, seed: int) -> None:
        """Make the realm."""
        self.seed = seed
        self.random = Random(f"kills {seed}")
        self.realm = Realm(folder, seed)
        self.post = Actor(self.realm, "post", Random(f"post {seed}"))
        self.desk = Actor(self.realm, "desk", Random(f"desk {seed}"))
        self.kills = dict.fromkeys(VICTIMS, 0)
        self.filed = 0

    def run(self, rounds: int, tell: Callable[[str], None] = lambda text: None) -> None:
        """So many rounds, then everything is checked."""
        try:
            for number in range(1, rounds + 1):
                self.round()
                if number % CHECK_EVERY == 0 or number == rounds:
                    self.realm.settle()
                    self.realm.verify()
                    said = {name: len(ids) for name, ids in self.realm.said.items()}
                    tell(f"round {number}: {said} called saved are everywhere, once; "
                         f"kills {self.kills}")  # fmt: skip
        except BaseException as error:
            error.add_note(f"again: scripts/faults --seed {self.seed} --rounds {rounds}")
            raise
        finally:
            self.realm.close()

    def round(self) -> None:
        """Both people work; somebody is killed at a random moment."""
        if not self.realm.hub_alive():
            self.realm.start_hub()
        victim = self.random.choice(VICTIMS)
        failures: list[BaseException] = []
        threads = [
            threading.Thread(target=self._play, args=(actor, script, failures))
            for actor, script in ((self.post, self._post), (self.desk, self._desk))
        ]
        for thread in threads:
            thread.start()
        time.sleep(self.random.uniform(0, KILL_AFTER_S))
        self.kills[victim] += 1
        if victim == "hub":
            self.realm.stop_hub(kill=True)
        elif victim != "nobody":
            (self.post if victim == "post" else self.desk).kill()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]

    def _play(
        self, actor: Actor, script: Callable[[Actor], Iterator[list[str]]],
        failures: list[BaseException],
    ) -> None:  # fmt: skip
        try:
            actor.play(script)
        except BaseException as error:
            failures.append(error)

    def _post(self, actor: Actor) -> Iterator[list[str]]:
        """File and send; act on what was answered."""
        self.filed += 1
        wait = actor.random.choice((["--wait", "1"], []))
        yield self.realm.request(f"R{self.seed}-{self.filed}", *wait)
        answered = [row["case"] for row in self._cases(actor) if row["state"] == "answer_received"]
        if answered:
            yield ["ack", actor.random.choice(answered), "--done", "已给药"]
        yield ["sync", "--timeout", "2"]

    def _desk(self, actor: Actor) -> Iterator[list[str]]:
        """Fetch, open, answer, send."""
        yield ["sync", "--timeout", "2"]
        waiting = [row["case"] for row in self._cases(actor) if row["state"] in WAITING]
        if waiting:
            case = actor.random.choice(waiting)
            yield ["open", case]
            yield ["answer", case, "--advice", "口服药物，三天后复诊", "--disposition", "stay",
                   "--rx", "阿司匹林; 100mg; 口服; 每日一次; 7"]  # fmt: skip
        yield ["sync", "--timeout", "1"]

    def _cases(self, actor: Actor) -> list[dict[str, str]]:
        """The list as JSON; empty when the process was killed."""
        if actor.killed:
            return []
        output = actor.say("list", "--json", "--limit", "500")
        try:
            found = json.loads(output)
        except ValueError:
            return []
        rows: list[dict[str, str]] = found["cases"] if isinstance(found, dict) else found
        return rows
