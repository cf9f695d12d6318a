"""Commands about sound: voice record, play, info, devices; and call.

They draw meters and progress on stderr, and call the rooms below; they know no codec and no link.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xtcli.cli.command import App, add
from xtcli.cli.output import guarded, say, seconds, size, tell, write_json
from xtcli.cli.shared import AsJson, case_id, station
from xtcli.errors import UsageError
from xtcli.lang import tr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from xtcli.station.attaching import Costs

WAVE_CELLS = 60
PICTURES = ("thumbnail", "view", "picture")
DeviceOption = Annotated[
    str, typer.Option("--device", metavar="NAME|N", help=tr("Which sound device; see devices."))
]
FileArg = Annotated[str, typer.Argument(metavar="FILE", help=tr("The sound file."))]


def device_of(text: str) -> int | str | None:
    """A device as typed: its number, or a part of its name; None for the system's choice."""
    return int(text) if text.isdecimal() and len(text) < 10 else text or None


@guarded
def record(
    file: Annotated[str, typer.Argument(metavar="FILE", help=tr("The note to write."))],
    limit: Annotated[
        float, typer.Option("--seconds", metavar="N", help=tr("Stop after N seconds."))
    ] = 120.0,
    quality: Annotated[
        str, typer.Option(metavar="tiny|normal|clear", help=tr("How good, and how large."))
    ] = "normal",
    device: DeviceOption = "",
    as_json: AsJson = False,
) -> None:
    """Record a voice note."""
    from xtcli.media.voice import make_note, quality_named
    from xtcli.station.calls_meter import record_here

    path = Path(file)
    quality_named(quality)
    if path.exists():
        raise UsageError("There is a file {file} already.", "Choose another name.", file=file)
    note = make_note(record_here(limit, device_of(device)), quality)
    path.write_bytes(note.data)
    if as_json:
        write_json({"file": file, "seconds": note.seconds, "quality": note.quality,
                    "bytes": len(note.data)})  # fmt: skip
        return
    from xtcli.media.waveform import draw

    say(tr("{file}: {time}, {size}", file=file, time=seconds(note.seconds),
           size=size(len(note.data))))  # fmt: skip
    if sys.stdout.isatty():
        say(draw(note.peaks, WAVE_CELLS))


def _bytes_of(source: str, blob: str) -> tuple[bytes, str]:
    """The bytes of a file, or of an attachment of a case; and what to call them."""
    if not blob:
        try:
            return Path(source).read_bytes(), source
        except OSError as error:
            raise UsageError(
                "The file {file} cannot be read.", "Check its name and place.", file=source
            ) from error
    with station() as here:
        return here.blob(case_id(source), blob), f"{source} {blob}"


def _pcm_of(source: str, blob: str) -> bytes:
    """Sound as PCM, of a note or of any other file."""
    from xtcli.errors import BundleRejected
    from xtcli.media.sound import read_sound
    from xtcli.media.voice import decode_note

    data, _ = _bytes_of(source, blob)
    try:
        return decode_note(data)
    except BundleRejected:
        if blob:
            raise
        return read_sound(Path(source))


@guarded
def play(
    source: Annotated[str, typer.Argument(metavar="FILE|CASE", help=tr("A file, or a case."))],
    blob: Annotated[
        str, typer.Argument(metavar="[BLOB]", help=tr("With a case: which attachment."))
    ] = "",
    device: DeviceOption = "",
    as_json: AsJson = False,
) -> None:
    """Play a note."""
    from xtcli.media.devices import play as play_pcm
    from xtcli.media.waveform import peaks

    pcm = _pcm_of(source, blob)
    wave = peaks(pcm)
    shown = sys.stderr.isatty() and not as_json

    def progress(done: float, total: float) -> None:
        if shown:
            _draw_progress(wave, done, total)

    try:
        play_pcm(pcm, device=device_of(device), on_progress=progress)
    finally:
        if shown:
            sys.stderr.write("\n")
    if as_json:
        write_json({"source": source, "seconds": len(pcm) / 32_000})


def _draw_progress(wave: Sequence[int], done: float, total: float) -> None:
    """The waveform on one line, bright as far as it was played."""
    from xtcli.cli.output import strong
    from xtcli.media.waveform import draw_progress

    before, after = draw_progress(wave, done / total if total else 1.0, WAVE_CELLS)
    sys.stderr.write(f"\r\x1b[K {strong(before)}{after} {done:4.0f} / {total:.0f} s")
    sys.stderr.flush()


@guarded
def info(
    source: Annotated[str, typer.Argument(metavar="FILE|CASE", help=tr("A file, or a case."))],
    blob: Annotated[
        str, typer.Argument(metavar="[BLOB]", help=tr("With a case: which attachment."))
    ] = "",
    as_json: AsJson = False,
) -> None:
    """What a note is."""
    from xtcli.media.waveform import draw, peaks

    document, pcm = _described(source, blob)
    wave = peaks(pcm)
    if as_json:
        write_json({**document, "peaks": wave})
        return
    quality = document["quality"] or tr("not made by xt")
    say(tr("{file}: {time}, {size}", file=source, time=seconds(document["seconds"]),
           size=size(document["bytes"])) + f", {quality}")  # fmt: skip
    if not document["complete"]:
        tell(tr("The end is missing; it plays up to where it was cut."))
    say(draw(wave, WAVE_CELLS))


def _described(source: str, blob: str) -> tuple[dict[str, Any], bytes]:
    """What can be said of a sound, and its PCM for the drawing."""
    from xtcli.errors import BundleRejected
    from xtcli.media.sound import read_sound
    from xtcli.media.voice import decode_note, estimate_bytes, note_info

    data, name = _bytes_of(source, blob)
    try:
        found = note_info(data)
        pcm = decode_note(data)
        about: dict[str, Any] = {"seconds": found.seconds, "quality": found.quality,
                                 "complete": found.complete}  # fmt: skip
    except BundleRejected:
        if blob:
            raise
        pcm = read_sound(Path(source))
        length = len(pcm) / 32_000
        about = {"seconds": length, "quality": "", "complete": True,
                 "as_note_bytes": estimate_bytes(length)}  # fmt: skip
    return {"source": name, "bytes": len(data), **about}, pcm


@guarded
def devices(as_json: AsJson = False) -> None:
    """List sound devices."""
    from xtcli.errors import DeviceMissing
    from xtcli.media.devices import devices as found_devices

    found = found_devices()
    if not found:
        raise DeviceMissing("There is no sound device.", "Plug one in, or use sound files.")
    if as_json:
        write_json({"devices": found})
        return
    for one in found:
        marks = [tr("microphone")] * bool(one.inputs) + [tr("speaker")] * bool(one.outputs)
        star = "*" if one.default_input or one.default_output else " "
        say(f"{star}{one.number:>3}  {one.name}  ({', '.join(marks)})")


def say_costs(costs: Sequence[Costs]) -> None:
    """What each part of a request takes on the link, before anything is sent."""
    from xtcli.station import words

    if any(one.seconds is None for one in costs):
        tell("  " + tr("{size} to send; nobody has measured the link yet: xt link test",
                       size=size(sum(one.size for one in costs))))  # fmt: skip
        return
    if len(costs) < 2:
        tell("  " + tr("about {time} to send", time=seconds(costs[0].seconds or 0.0)))
        return
    for one in costs:
        name = tr("text and vitals") if one.name == "text" else words.blob(one.name)
        tell("  " + tr("{part}: {size}, {time}", part=name, size=size(one.size),
                       time=seconds(one.seconds or 0.0)))  # fmt: skip
    pictures = [one for one in costs if one.name in PICTURES]
    whole = sum(one.seconds or 0.0 for one in costs)
    line = tr("about {time} to send", time=seconds(whole))
    if pictures:
        without = whole - sum(one.seconds or 0.0 for one in pictures)
        line += tr("; without the photo {time}", time=seconds(without))
    elif costs[-1].name == "document":
        without = whole - sum(one.seconds or 0.0 for one in costs if one.name == "document")
        line += tr("; without the document {time}", time=seconds(without))
    tell("  " + line)


def register(app: typer.Typer) -> None:
    """Put these commands into the app."""
    from xtcli.cli import sound_call

    voice = App(
        no_args_is_help=True, help=tr("Record, play and look at voice notes."),
        subcommand_metavar="COMMAND", options_metavar="",
    )  # fmt: skip
    table: list[tuple[str, Any, str, str]] = [
        ("record", record, tr("Record a voice note with the microphone."),
         "xt voice record note.opus --seconds 30"),
        ("play", play, tr("Play a sound file, or a voice note of a case."),
         "xt voice play 12-1 3fa9"),
        ("info", info, tr("How long, how large and how good a sound file is."),
         "xt voice info note.opus"),
        ("devices", devices, tr("List microphones and speakers."), "xt voice devices"),
    ]  # fmt: skip
    add(voice, tr("Commands"), table)
    app.add_typer(voice, name="voice", rich_help_panel=tr("Sound"))
    sound_call.register(app)
