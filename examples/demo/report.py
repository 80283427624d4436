"""Restores a `.nemo` in this process, transcribes held-out recordings and prints how well that went.

python -m examples.demo.report model.nemo held_out.json
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

SHOWN = 10


def transcribe_manifest(archive: Path, manifest: Path) -> tuple[list[str], list[str]]:
    """(references, transcripts) of every recording of a manifest."""
    from nemo.collections.asr.models import ASRModel

    entries = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]
    model = ASRModel.restore_from(str(archive), map_location="cpu")
    transcripts = model.transcribe([entry["audio_filepath"] for entry in entries], batch_size=16, verbose=False)
    return [entry["text"] for entry in entries], [str(transcript) for transcript in transcripts]


def evenly(count: int, shown: int) -> list[int]:
    """Indices of `shown` things spread over `count`."""
    if count <= shown:
        return list(range(count))
    return [round(place * (count - 1) / (shown - 1)) for place in range(shown)]


def print_report(references: list[str], transcripts: list[str]) -> None:
    """Ten sentences, then the error rates over all of them."""
    from nemo.collections.asr.metrics.wer import word_error_rate

    # longer sentences show more than single words
    order = sorted(range(len(references)), key=lambda index: len(references[index]))[len(references) // 4 :]
    for position in evenly(len(order), SHOWN):
        index = order[position]
        print(f"  said    {references[index]}\n  heard   {transcripts[index]}\n")
    words = word_error_rate(hypotheses=transcripts, references=references)
    characters = word_error_rate(hypotheses=transcripts, references=references, use_cer=True)
    print(f"All {len(references)} held-out recordings: WER {words:.1%}, CER {characters:.1%}")


def main(arguments: list[str]) -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path, help="a .nemo file")
    parser.add_argument("manifest", type=Path, help="JSON lines with audio_filepath and text")
    chosen = parser.parse_args(arguments)
    print_report(*transcribe_manifest(chosen.archive, chosen.manifest))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
