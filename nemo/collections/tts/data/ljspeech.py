"""LJ Speech (Ito and Johnson, 2017): 13,100 recordings of one voice, 22.05 kHz, public domain: archive to manifests."""

from __future__ import annotations

import csv
import logging
import random
from pathlib import Path

from nemo.collections.common.audio.io import audio_duration
from nemo.collections.common.data.manifest import write_manifest
from nemo.collections.common.exceptions import AudioFileError, ManifestError
from nemo.utils.download import download, extract_tar

logger = logging.getLogger(__name__)

URL = "https://data.keithito.com/data/speech/LJSpeech-1.1.tar.bz2"
FOLDER = "LJSpeech-1.1"
SEED = 0


def download_ljspeech(
    data_root: str, url: str = URL, *, val_size: int = 100, test_size: int = 500
) -> dict[str, tuple[Path, int]]:
    """Gets LJ Speech unless it is there, and writes manifests of three parts, drawn with a fixed seed.

    Args:
        data_root: gets the archive and the folder `LJSpeech-1.1`.
        url: address of the archive.
        val_size: recordings of the validation part.
        test_size: of the test part.

    Returns:
        `train`, `val` and `test` -> manifest and number of recordings.

    Raises:
        DownloadError: the archive cannot be had.
        ManifestError: metadata or a recording is missing, or there are fewer than asked for.
    """
    root = Path(data_root)
    root.mkdir(parents=True, exist_ok=True)
    folder = root / FOLDER
    if not (folder / "metadata.csv").is_file():
        archive = download(url, root / url.rsplit("/", 1)[-1])
        logger.info("unpacking %s", archive)
        extract_tar(archive, root)
    entries = _entries(folder)
    if len(entries) <= val_size + test_size:
        raise ManifestError(
            f"{folder} has {len(entries)} recordings, and {val_size} are to be for validation and {test_size} for "
            "tests. Expected more; delete the folder and run again, or ask for fewer."
        )
    order = list(range(len(entries)))
    random.Random(SEED).shuffle(order)
    bounds = {"val": (0, val_size), "test": (val_size, val_size + test_size), "train": (val_size + test_size, None)}
    made = {}
    for part, (first, last) in bounds.items():
        chosen = [entries[number] for number in sorted(order[first:last])]
        manifest = folder / f"{part}_manifest.json"
        write_manifest(manifest, chosen)
        made[part] = (manifest, len(chosen))
    return made


def _entries(folder: Path) -> list[dict[str, object]]:
    metadata = folder / "metadata.csv"
    if not metadata.is_file():
        raise ManifestError(f"{metadata} does not exist. Delete {folder} and run again.")
    entries: list[dict[str, object]] = []
    with open(metadata, encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.reader(file, delimiter="|", quoting=csv.QUOTE_NONE), start=1):
            if len(row) < 2:
                raise ManifestError(f"{metadata} line {number} is {row!r}. Expected name|text|normalised text.")
            name, text = f"wavs/{row[0]}.wav", row[1]
            try:
                duration = audio_duration(folder / name)
            except AudioFileError as error:
                raise ManifestError(f"{metadata} line {number}: {error}") from error
            entries.append(
                {"audio_filepath": name, "duration": duration, "text": text, "normalized_text": row[-1] or text}
            )
    return entries
