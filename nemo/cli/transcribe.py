"""``nemo transcribe --model x.nemo audio/*.wav``: recordings to text."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the subcommand."""
    parser = commands.add_parser(
        "transcribe",
        help="recordings to text",
        description="Prints one line for each recording: its path, a tab, what was said. A recording that cannot be "
        "read is reported on standard error, the others are done, and the exit status is 1.",
    )
    parser.add_argument("audio", nargs="+", help="recordings in any format of libsndfile: wav, flac, ogg, mp3 ...")
    parser.add_argument("--model", required=True, help="a .nemo file, or the name of a pretrained model")
    parser.add_argument("--batch-size", type=int, default=4, help="recordings computed together (default 4)")
    parser.add_argument("--json", action="store_true", help="JSON lines: a manifest with pred_text")
    parser.add_argument("--timestamps", action="store_true", help="when each word was said, in seconds")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, mps ... (default cpu)")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Transcribes and prints."""
    model = load_model(chosen.model, chosen.device)
    hypotheses = model.transcribe(
        chosen.audio,
        batch_size=chosen.batch_size,
        timestamps=chosen.timestamps or None,
        verbose=sys.stderr.isatty() and len(chosen.audio) > chosen.batch_size,
    )
    failed = 0
    for path, hypothesis in zip(chosen.audio, hypotheses, strict=True):
        if hypothesis.error:  # the transcriber has logged it, on standard error
            failed += 1
        elif chosen.json:
            print(json.dumps({"audio_filepath": path, "pred_text": str(hypothesis), **_word_times(hypothesis)}))
        else:
            print(f"{path}\t{hypothesis}")
            for word in _word_times(hypothesis).get("words", []):
                print(f"  {word['start']:8.2f} {word['end']:8.2f}  {word['word']}")
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


def _word_times(hypothesis: Any) -> dict[str, list[dict[str, Any]]]:
    """``{"words": [{"word", "start", "end"}]}`` in seconds; empty when times were not asked for."""
    times = getattr(hypothesis, "timestamp", None)
    if not isinstance(times, dict) or "word" not in times:
        return {}
    return {"words": [{key: word[key] for key in ("word", "start", "end")} for word in times["word"]]}
