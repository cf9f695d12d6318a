"""How many short messages a consult takes whose words training never saw.

    python -m scripts.bench.sms_sizes FOLDER

FOLDER holds NAME.jsonl files (id, source, text, perhaps history) anywhere below it, as for
scripts/train_dictionary. Only items that it keeps aside are used, and all of a source that it does
not train on. Each text is cut to so many characters and becomes a consult with seven vital signs,
national number, telephone, place and a question; it is signed, packed and sealed by the code that
ships, and cut for messages of 134 and 1,750 bytes.
"""

from __future__ import annotations

import argparse
import importlib
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]


from xtcli.records import sign, types  # noqa: E402
from xtcli.records.values import Patient, Sex, Urgency  # noqa: E402
from xtcli.transport.bundle.pack import Part, pack  # noqa: E402
from xtcli.transport.bundle.seal import bundle_context, seal  # noqa: E402
from xtcli.transport.carriers import short  # noqa: E402

corpus = importlib.import_module("training_corpus")
SMS, BEIDOU = 134, 1750
CHARACTERS = (150, 250, 400)
CONSULTS_MAX, CONSULTS_MIN = 200, 10
REALM, POST, HUB = b"realm-01", 2, 1
VITALS = ((1, 150), (2, 91), (3, 100), (4, 20), (5, 366), (6, 99), (9, 823))


class Post:
    """Seals consults as a post does, from one seed."""

    def __init__(self) -> None:
        """Make its keys and the hub's."""
        from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

        self.dice = random.Random(1)
        self.signer = sign.Signer(self.dice.randbytes(32))
        private = X25519PrivateKey.from_private_bytes(self.dice.randbytes(32))
        self.public = private.public_key().public_bytes_raw()

    def sealed(self, text: str) -> int:
        """Bytes of the consult with this text."""
        first = max(8, len(text) // 8)
        second = first + (len(text) - first) * 65 // 100
        body = types.Request(
            patient=Patient(name="乌日图那苏图", sex=Sex(2), born=19610409, phone="13904710000",
                            national_id="150102196104091225", place="阿拉善左旗巴彦浩特镇"),
            dept="心内科", urgency=Urgency(0), vitals=VITALS, complaint=text[:first],
            history=text[first:second], exam=text[second:], allergy="青霉素过敏",
            question="是否需要立即转诊，用药如何调整？",
        )  # fmt: skip
        record = sign.author(body, station=POST, seq=10, author=40, at=1_800_000_000, case=None,
                             prev=bytes(8), signer=self.signer, realm=REALM)  # fmt: skip
        context = bundle_context(REALM, POST, HUB)
        plain = pack([Part(record.content, record.raw)])
        return len(seal(plain, recipient=self.public, context=context, entropy=self.dice.randbytes))


def unseen(path: Path) -> list[str]:
    """Texts of a file that training has not seen."""
    items = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    trained = path.stem in corpus.CLINICAL + corpus.SPOKEN
    texts = [
        one.get("history") or one["text"] for one in items if not trained or corpus.aside(one["id"])
    ]
    random.Random(7).shuffle(texts)
    return [re.sub(r"\s+", " ", text) for text in texts]


def rows(folder: Path) -> Iterator[str]:
    """One line of the table for each source and length."""
    post = Post()
    for path in sorted(folder.rglob("*.jsonl")):
        texts = unseen(path)
        for count in CHARACTERS:
            chosen = [text for text in texts if len(text) >= count][:CONSULTS_MAX]
            if len(chosen) < CONSULTS_MIN:
                continue
            sizes = [post.sealed(text[:count]) for text in chosen]
            each = Counter(short.symbols_of(size, POST, SMS) for size in sizes)
            one = sum(short.symbols_of(size, POST, BEIDOU) == 1 for size in sizes)
            over = sum(number for messages, number in each.items() if not 0 < messages <= 4)
            shown = ", ".join(f"{each[messages]} in {messages}" for messages in sorted(each))
            yield (f"| {path.stem} | {count} | {len(sizes)} | {shown} | {over / len(sizes):.0%} |"
                   f" {one} in one BeiDou-class message")  # fmt: skip


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    for row in rows(parser.parse_args().folder):
        print(row)


if __name__ == "__main__":
    main()
