"""``nemo speak "Hello." --model fastpitch.nemo --vocoder hifigan.nemo -o hello.wav``: text to speech."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

EXAMPLES = """\
examples:
  nemo speak "Good morning." --model fastpitch.nemo --vocoder hifigan.nemo -o out.wav
  nemo speak "Good morning." --model vits.nemo -o out.wav                   VITS needs no vocoder
  nemo speak "Good morning." --model fastpitch.nemo -o out.wav              without one: Griffin-Lim
  nemo speak - --model vits.nemo -o book.wav < chapter.txt                  any length, sentence by sentence
  nemo speak - --model vits.nemo --output-dir prompts < prompts.txt         a file for each line
  nemo speak "Slower." --model fastpitch.nemo --vocoder h.nemo --pace 0.8 --pitch 2 --speaker 3 -o out.wav
  nemo speak "Now." --model vits.nemo -o - | aplay                          straight to a player
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the subcommand."""
    parser = commands.add_parser(
        "speak",
        help="text to speech",
        description="Speaks a text of any length. Writes 16-bit WAV and prints one line for each file: its path, a "
        "tab, its seconds, a tab, the text. A line that cannot be spoken is reported on standard error, the others are "
        "done, and the exit status is 1.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("text", help="what is said; - reads standard input")
    parser.add_argument("--model", required=True, help="a .nemo file, or the name of a pretrained model")
    parser.add_argument("--vocoder", help="the same of a vocoder (default: Griffin-Lim; VITS needs none)")
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("-o", "--output", help="the WAV file; - is standard output")
    target.add_argument("--output-dir", help="a folder for a file for each line of the text: 1.wav, 2.wav ...")
    parser.add_argument("--speaker", type=int, help="id of the voice, where the model has several")
    parser.add_argument("--pace", type=float, default=1.0, help="speed; above 1 is faster (default 1)")
    parser.add_argument("--pitch", type=float, default=0.0, help="semitones that the voice is raised (default 0)")
    parser.add_argument("--volume", type=float, default=1.0, help="factor of the samples (default 1)")
    parser.add_argument("--pause", type=float, default=0.25, help="seconds between sentences (default 0.25)")
    parser.add_argument("--as-written", action="store_true", help="numbers and abbreviations are not written out")
    parser.add_argument("--seed", type=int, default=0, help="of the noise that some models begin with (default 0)")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, mps ... (default cpu)")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Speaks, and writes the files."""
    import torch

    from nemo.utils.exceptions import ConfigError, NonFiniteError

    text = sys.stdin.read() if chosen.text == "-" else chosen.text
    synthesizer = load_synthesizer(chosen)
    torch.manual_seed(chosen.seed)
    if chosen.output is not None:
        _write(chosen.output, _spoken(synthesizer, text, chosen))
        return 0
    failed = 0
    lines = [line for line in text.splitlines() if line.strip()]
    Path(chosen.output_dir).mkdir(parents=True, exist_ok=True)
    for number, line in enumerate(lines, 1):
        try:
            _write(
                Path(chosen.output_dir) / f"{number:0{len(str(len(lines)))}d}.wav", _spoken(synthesizer, line, chosen)
            )
        except (ConfigError, NonFiniteError) as error:
            failed += 1
            sys.stderr.write(f"nemo speak: line {number}: {error}\n")
    return 1 if failed else 0


def load_synthesizer(chosen: argparse.Namespace) -> Any:
    """What speaks with the models that are chosen.

    Raises:
        FileNotFoundError: one of them is not there.
        ConfigError: they do not fit.
    """
    from nemo.collections.tts.inference import Synthesizer, load_acoustic_model, load_vocoder

    vocoder = load_vocoder(chosen.vocoder, chosen.device) if chosen.vocoder else None
    return Synthesizer(load_acoustic_model(chosen.model, chosen.device), vocoder, pause_seconds=chosen.pause)


def _spoken(synthesizer: Any, text: str, chosen: argparse.Namespace) -> Any:
    return synthesizer.speak(
        text,
        chosen.speaker,
        pace=chosen.pace,
        pitch=chosen.pitch,
        volume=chosen.volume,
        normalize=not chosen.as_written,
    )


def _write(target: str | Path, spoken: Any) -> None:
    if target == "-":
        from nemo.collections.tts.inference import wav_bytes

        sys.stdout.buffer.write(wav_bytes(spoken.audio, spoken.sample_rate))
        return
    spoken.save(target)
    sys.stdout.write(f"{target}\t{spoken.duration:.2f}\t{' '.join(spoken.text.split())}\n")
