"""The scripts as a person runs them: training from a folder of JSONL, the size of a consult."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import zlib
from pathlib import Path

from xtcli.transport.bundle.model import read_model
from xtcli.transport.bundle.ppm import compress, expand

SCRIPTS = Path(__file__).parents[2] / "scripts"
PHRASES = (
    "患者无明显诱因出现腹痛",
    "伴恶心呕吐",
    "无发热",
    "查体未见异常",
    "既往高血压病史十年",
    "血压偏高",
)


def run(script: str, *arguments: object, code: int = 0) -> str:
    """What the script prints; its exit code must be `code`."""
    command = [sys.executable, str(SCRIPTS / script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout


def write_corpus(folder: Path) -> None:
    """Five hundred made-up items; long numbers in each must not be learnt."""
    rnd = random.Random(8)
    folder.mkdir()
    with (folder / "cehrner.jsonl").open("w", encoding="utf-8") as file:
        for number in range(500):
            text = "，".join(rnd.choices(PHRASES, k=12)) + "。病历号1357924680。"
            item = {"id": f"made-up-{number}", "source": "x", "kind": "emr_history", "text": text}
            file.write(json.dumps(item, ensure_ascii=False) + "\n")
    with (folder / "dialmed.jsonl").open("w", encoding="utf-8") as file:
        for number in range(60):
            text = "患者：肚子疼，需要吃什么药呢？\n医生：建议先做检查，注意休息。"
            item = {"id": f"said-{number}", "source": "x", "kind": "dialogue", "text": text}
            file.write(json.dumps(item, ensure_ascii=False) + "\n")


def test_training_reproduces_its_files(tmp_path: Path) -> None:
    corpus, first, second = (tmp_path / name for name in ("corpus", "first", "second"))
    write_corpus(corpus)
    for into in (first, second):
        into.mkdir()
        run("train_dictionary", corpus, "--into", into)
    made = {path.name: path.read_bytes() for path in first.iterdir()}
    assert made == {path.name: path.read_bytes() for path in second.iterdir()}
    assert set(made) == {"ppm-1.model.z", "zstd-1.dict"}
    assert "the same" in run("train_dictionary", corpus, "--into", first, "--check")
    assert b"1357924680" not in made["zstd-1.dict"]
    model = read_model(zlib.decompress(made["ppm-1.model.z"]))
    text = "，".join(PHRASES).encode()
    packed = compress(text, model)
    assert len(packed) * 4 < len(text)
    assert expand(packed, model, len(text)) == text
    (first / "zstd-1.dict").write_bytes(b"another")
    assert "DIFFERS" in run("train_dictionary", corpus, "--into", first, "--check", code=1)


def test_training_without_texts(tmp_path: Path) -> None:
    run("train_dictionary", tmp_path, "--into", tmp_path, code=1)


def test_size_of_a_consult_meets_its_bar() -> None:
    """Median on the wire and share in one datagram; the script exits 1 when a bar is missed."""
    assert "met" in run("bench/consult_size.py", "--no-https")
