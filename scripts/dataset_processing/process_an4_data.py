r"""Gets AN4 (Carnegie Mellon University, 1991: spelt addresses, 948 + 130 recordings, 16 kHz) and writes manifests.

    python process_an4_data.py --data_root=data

Makes data/an4/train_manifest.json and data/an4/test_manifest.json, with 16-bit WAV files in data/an4/wavs. An archive
that is already at data/an4_sphere.tar.gz (or data/an4_raw.bigendian.tar.gz) is not downloaded again.
"""

from __future__ import annotations

import argparse
import logging
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

from nemo.collections.common.audio.io import read_samples
from nemo.collections.common.data.manifest import write_manifest
from nemo.collections.common.exceptions import AudioFileError, ManifestError
from nemo.utils import logging as nemo_logging
from nemo.utils.download import download, extract_tar
from nemo.utils.exceptions import DownloadError

logger = logging.getLogger("nemo.scripts")

URL = "http://www.speech.cs.cmu.edu/databases/an4/an4_sphere.tar.gz"
SAMPLE_RATE = 16000
_TRANSCRIPT = re.compile(r"^(?:<s>)?\s*(?P<text>.*?)\s*(?:</s>)?\s*\((?P<id>[^()]+)\)\s*$")


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_root", required=True, help="folder for the data")
    parser.add_argument("--url", default=URL, help="address of the archive, .sph or raw kind")
    return parser.parse_args(argv)


def read_recording(path: Path) -> np.ndarray:
    """Samples of a recording, .sph (with a header) or .raw (16-bit, big endian, 16 kHz)."""
    if path.suffix == ".raw":
        return np.fromfile(path, dtype=">i2").astype(np.int16)
    samples, rate = read_samples(path, dtype="int16")
    if rate != SAMPLE_RATE:
        raise AudioFileError(f"{path} has {rate} Hz. Expected {SAMPLE_RATE} Hz, as all of AN4; get the archive again.")
    return samples


def make_manifest(folder: Path, part: str) -> int:
    """Converts the recordings of `part` (train or test) and writes their manifest; returns their number."""
    identifiers = (folder / "etc" / f"an4_{part}.fileids").read_text().split()
    transcripts = (folder / "etc" / f"an4_{part}.transcription").read_text().splitlines()
    texts = {found["id"]: found["text"].lower() for line in transcripts if (found := _TRANSCRIPT.match(line))}
    wavs = folder / "wavs"
    wavs.mkdir(exist_ok=True)
    entries = []
    for identifier in identifiers:
        name = Path(identifier).name
        sources = [folder / "wav" / f"{identifier}{suffix}" for suffix in (".sph", ".raw")]
        source = next((path for path in sources if path.is_file()), None)
        if source is None or name not in texts:
            raise ManifestError(
                f"AN4 names {identifier}, but {sources[0]} or its transcript is missing. Delete {folder} and run again."
            )
        samples = read_recording(source)
        soundfile.write(wavs / f"{name}.wav", samples, SAMPLE_RATE, subtype="PCM_16")
        duration = len(samples) / SAMPLE_RATE
        speaker = name.split("-")[1]
        entries.append(
            {"audio_filepath": f"wavs/{name}.wav", "duration": duration, "text": texts[name], "speaker": speaker}
        )
    write_manifest(folder / f"{part}_manifest.json", entries)
    return len(entries)


def main(argv: Sequence[str] | None = None) -> int:
    """Gets and converts; returns the exit status."""
    args = arguments(argv)
    nemo_logging.setLevel(logging.INFO)
    root = Path(args.data_root)
    try:
        archive = download(args.url, root / args.url.rsplit("/", 1)[-1])
        if not (root / "an4" / "etc").is_dir():
            logger.info("unpacking %s", archive)
            extract_tar(archive, root)
        for part in ("train", "test"):
            count = make_manifest(root / "an4", part)
            sys.stdout.write(f"{root / 'an4' / part}_manifest.json: {count} recordings\n")
    except (DownloadError, AudioFileError, ManifestError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
