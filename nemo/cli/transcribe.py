"""``nemo transcribe --model x.nemo audio/*.wav``: recordings to text, subtitles and alignments."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

EXAMPLES = """\
examples:
  nemo transcribe --model m.nemo a.wav b.flac                        a path, a tab, what was said
  nemo transcribe --model m.nemo --timestamps a.wav                  and when each word was said
  nemo transcribe --model m.nemo --format srt a.wav > a.srt          subtitles
  nemo transcribe --model m.nemo --format vtt --output-dir out *.mp3 a file for each recording
  nemo transcribe --model m.nemo --format json *.wav > texts.json    a manifest with pred_text and times
  nemo transcribe --model m.nemo --local-attention 128 lecture.wav   hours, with the attention of a Conformer limited
"""
FORMATS = ("txt", "srt", "vtt", "ass", "ctm", "textgrid", "rttm", "json")
GROUP_BATCHES = 16
"""Results are written after so many batches: what is done stays done if something ends the program."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the subcommand."""
    parser = commands.add_parser(
        "transcribe",
        help="recordings to text, subtitles and alignments",
        description="Transcribes recordings of any length. Prints one line for each: its path, a tab, what was said; "
        "or writes another format. A recording that cannot be read is reported on standard error, the others are "
        "done, and the exit status is 1.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("audio", nargs="+", help="recordings in any format of libsndfile: wav, flac, ogg, mp3 ...")
    parser.add_argument("--model", required=True, help="a .nemo file, or the name of a pretrained model")
    parser.add_argument("--batch-size", type=int, default=4, help="recordings computed together (default 4)")
    parser.add_argument("--format", choices=FORMATS, help="what is written (default: the line described above)")
    parser.add_argument("--output-dir", help="a folder for a file each; without it, standard output")
    parser.add_argument("--json", action="store_true", help="short for --format json: a manifest with pred_text")
    parser.add_argument("--timestamps", action="store_true", help="when each word was said, in seconds")
    parser.add_argument("--channel", help="of recordings with several: an index from 0, or average")
    parser.add_argument("--max-seconds", type=float, help="cut what is longer into chunks (default: from memory)")
    parser.add_argument("--local-attention", type=int, metavar="FRAMES", help="a Conformer sees so many to each side")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, mps ... (default cpu)")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Transcribes, and prints or writes what was asked for."""
    chosen.format = "json" if chosen.json else chosen.format
    targets = _targets(chosen)
    model = load_model(chosen.model, chosen.device)
    if chosen.local_attention:
        model.change_attention_model("rel_pos_local_attn", [chosen.local_attention] * 2)
    failed = 0
    for index, hypothesis in enumerate(_transcribed(model, chosen)):
        if hypothesis.error:  # the transcriber has logged it, on standard error
            failed += 1
            continue
        text = _formatted(hypothesis, chosen.audio[index], chosen)
        if targets is None:
            sys.stdout.write(text)
        else:
            _write(targets[index], text)
    return 1 if failed else 0


def load_model(name: str, device: str) -> Any:
    """The model of an archive, or of the catalogue.

    Raises:
        FileNotFoundError: `name` looks like a file and is not there.
    """
    from nemo.collections.asr.models import ASRModel

    if Path(name).exists() or name.endswith(".nemo"):
        return ASRModel.restore_from(name, map_location=device)
    return ASRModel.from_pretrained(name, map_location=device)


def _transcribed(model: Any, chosen: argparse.Namespace) -> Iterator[Any]:
    size = chosen.batch_size * GROUP_BATCHES
    needs_times = chosen.timestamps or chosen.format not in (None, "txt", "json")
    for first in range(0, len(chosen.audio), size):
        group = chosen.audio[first : first + size]
        yield from model.transcribe(
            group,
            batch_size=chosen.batch_size,
            timestamps=True if needs_times else None,
            channel_selector=_channel(chosen.channel),
            max_seconds=chosen.max_seconds,
            verbose=sys.stderr.isatty() and len(group) > chosen.batch_size,
        )


def _channel(given: str | None) -> int | str | None:
    return int(given) if given is not None and given.isdecimal() else given


def _targets(chosen: argparse.Namespace) -> list[Path] | None:
    """The file of each recording; None for standard output.

    Raises:
        ConfigError: two recordings would have the same file, or files of several would stand in one stream.
    """
    from nemo.utils.exceptions import ConfigError

    if chosen.output_dir is None:
        if chosen.format in ("srt", "vtt", "ass", "textgrid") and len(chosen.audio) > 1:
            raise ConfigError(
                f"--format {chosen.format} of {len(chosen.audio)} recordings cannot be one stream. Give --output-dir."
            )
        return None
    from nemo.collections.asr.inference.segment_files.by_format import FORMATS as segment_formats

    suffix = segment_formats[chosen.format or "txt"].suffix
    targets = [Path(chosen.output_dir) / (Path(path).stem + suffix) for path in chosen.audio]
    twice = _first_repeated(targets)
    if twice is not None:
        raise ConfigError(f"several recordings would be written to {twice}. Transcribe them into folders of their own.")
    Path(chosen.output_dir).mkdir(parents=True, exist_ok=True)
    return targets


def _first_repeated(paths: Sequence[Path]) -> Path | None:
    seen = set()
    for path in paths:
        if path in seen:
            return path
        seen.add(path)
    return None


def _write(target: Path, text: str) -> None:
    from nemo.utils.atomic import atomic_write

    with atomic_write(target) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def _formatted(hypothesis: Any, path: str, chosen: argparse.Namespace) -> str:
    if chosen.format is None and chosen.output_dir is None:
        words = hypothesis.timestamp["word"] if chosen.timestamps else []
        times = "".join(f"  {word['start']:8.2f} {word['end']:8.2f}  {word['word']}\n" for word in words)
        return f"{path}\t{hypothesis}\n{times}"
    if chosen.format in (None, "txt"):
        return f"{hypothesis}\n"
    from nemo.collections.asr.inference.segment_files.by_format import Recording, format_segments
    from nemo.collections.asr.inference.segments import segments_of

    row = {"audio_filepath": path, "duration": hypothesis.duration, "pred_text": str(hypothesis)}
    if chosen.format == "json" and not chosen.timestamps:
        return _json_line(row)
    recording = Recording(Path(path).stem, hypothesis.duration, row)
    return format_segments(segments_of(hypothesis), chosen.format, recording)


def _json_line(row: dict[str, Any]) -> str:
    import json

    return json.dumps(row, ensure_ascii=False) + "\n"
