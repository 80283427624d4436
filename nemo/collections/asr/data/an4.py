"""AN4 (Carnegie Mellon University, 1991), spelt addresses, 948 + 130 recordings, 16 kHz: archive to manifests."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import numpy as np

from nemo.collections.common.audio.io import read_samples
from nemo.collections.common.data.manifest import write_manifest
from nemo.collections.common.exceptions import AudioFileError, ManifestError
from nemo.utils.download import download, extract_tar
from nemo.utils.optional import require

logger = logging.getLogger(__name__)

URL = "http://www.speech.cs.cmu.edu/databases/an4/an4_sphere.tar.gz"
SAMPLE_RATE = 16000
_TRANSCRIPT = re.compile(r"^(?:<s>)?\s*(?P<text>.*?)\s*(?:</s>)?\s*\((?P<id>[^()]+)\)\s*$")


def download_an4(
    data_dir: str = "./", train_mani_path: str = "", test_mani_path: str = "", url: str = URL
) -> dict[str, tuple[Path, int]]:
    """Gets AN4 unless it is there, converts it to 16-bit WAV files and writes its manifests.

    Args:
        data_dir: gets the archive and the folder `an4`.
        train_mani_path: manifest of the training part; default: `<data_dir>/an4/train_manifest.json`.
        test_mani_path: manifest of the test part; default: `<data_dir>/an4/test_manifest.json`.
        url: address of the archive, of .sph or raw recordings.

    Returns:
        `train` and `test` -> manifest and number of recordings.

    Raises:
        DownloadError: the archive cannot be had.
        ManifestError: a recording or a transcript is missing.
        AudioFileError: a recording cannot be read.
    """
    root = Path(data_dir)
    archive = download(url, root / url.rsplit("/", 1)[-1])
    folder = root / "an4"
    if not (folder / "etc").is_dir():
        logger.info("unpacking %s", archive)
        extract_tar(archive, root)
    made = {}
    for part, given in (("train", train_mani_path), ("test", test_mani_path)):
        manifest = Path(given) if given else folder / f"{part}_manifest.json"
        made[part] = (manifest, _write_part(folder, part, manifest))
    return made


def _read_recording(path: Path) -> np.ndarray:
    """Samples of a recording, .sph (with a header) or .raw (16-bit, big endian, 16 kHz)."""
    if path.suffix == ".raw":
        return np.fromfile(path, dtype=">i2").astype(np.int16)
    samples, rate = read_samples(path, dtype="int16")
    if rate != SAMPLE_RATE:
        raise AudioFileError(f"{path} has {rate} Hz. Expected {SAMPLE_RATE} Hz, as all of AN4; get the archive again.")
    return samples


def _write_part(folder: Path, part: str, manifest: Path) -> int:
    """Converts the recordings of `part` (train or test) and writes their manifest; returns their number."""
    identifiers = (folder / "etc" / f"an4_{part}.fileids").read_text().split()
    transcripts = (folder / "etc" / f"an4_{part}.transcription").read_text().splitlines()
    texts = {found["id"]: found["text"].lower() for line in transcripts if (found := _TRANSCRIPT.match(line))}
    wavs = folder / "wavs"
    wavs.mkdir(exist_ok=True)
    soundfile = require("soundfile", extra="asr", purpose="writing WAV files")
    # relative to the manifest, so that the folder can be moved
    prefix = "wavs/" if manifest.parent.resolve() == folder.resolve() else f"{wavs.resolve()}/"
    entries = []
    for identifier in identifiers:
        name = Path(identifier).name
        sources = [folder / "wav" / f"{identifier}{suffix}" for suffix in (".sph", ".raw")]
        source = next((path for path in sources if path.is_file()), None)
        if source is None or name not in texts:
            raise ManifestError(
                f"AN4 names {identifier}, but {sources[0]} or its transcript is missing. Delete {folder} and run again."
            )
        samples = _read_recording(source)
        soundfile.write(wavs / f"{name}.wav", samples, SAMPLE_RATE, subtype="PCM_16")
        duration = len(samples) / SAMPLE_RATE
        speaker = name.split("-")[1]
        entries.append(
            {"audio_filepath": f"{prefix}{name}.wav", "duration": duration, "text": texts[name], "speaker": speaker}
        )
    write_manifest(manifest, entries)
    return len(entries)
