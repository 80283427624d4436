r"""Gets LibriSpeech (Panayotov et al., 2015, openslr.org/12) or Mini LibriSpeech (openslr.org/31), writes manifests.

    python get_librispeech_data.py --data_root=data --data_sets=dev_clean,train_clean_100 --num_workers=4
    python get_librispeech_data.py --data_root=data --data_sets=mini

Each set becomes data/LibriSpeech/<set> and data/<set>.json. The FLAC files are used as they are. What is there already
is not downloaded again; an interrupted download goes on where it stopped.
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from nemo.collections.common.audio.io import audio_duration
from nemo.collections.common.data.manifest import write_manifest
from nemo.collections.common.exceptions import AudioFileError, ManifestError
from nemo.utils import logging as nemo_logging
from nemo.utils.download import download, extract_tar, read_url
from nemo.utils.exceptions import ConfigError, DownloadError

logger = logging.getLogger("nemo.scripts")

URL = "https://www.openslr.org/resources"
# data set -> number of the resource, size of its archive in MB
DATA_SETS = {
    "dev_clean": (12, 337),
    "dev_other": (12, 314),
    "test_clean": (12, 346),
    "test_other": (12, 328),
    "train_clean_100": (12, 6300),
    "train_clean_360": (12, 23000),
    "train_other_500": (12, 30000),
    "dev_clean_2": (31, 126),
    "train_clean_5": (31, 332),
}
GROUPS = {
    "ALL": [name for name, (resource, _) in DATA_SETS.items() if resource == 12],
    "mini": [name for name, (resource, _) in DATA_SETS.items() if resource == 31],
}


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_root", required=True, help="folder for the data")
    parser.add_argument("--data_sets", default="dev_clean", help=f"commas between: {', '.join([*GROUPS, *DATA_SETS])}")
    parser.add_argument("--num_workers", type=int, default=4, help="threads that read the lengths of recordings")
    parser.add_argument("--url", default=URL, help="address under which the resources 12 and 31 lie")
    parser.add_argument("--log", action="store_true", help="tell more")
    return parser.parse_args(argv)


def chosen(data_sets: str) -> list[str]:
    """The data sets that the command line names.

    Raises:
        ConfigError: there is no data set of a name.
    """
    names = [name.strip().replace("-", "_") for name in data_sets.split(",") if name.strip()]
    for name in names:
        if name not in DATA_SETS and name not in GROUPS:
            raise ConfigError(
                f"--data_sets has {name!r}. Expected some of {', '.join([*GROUPS, *DATA_SETS])}; mend the name."
            )
    return list(dict.fromkeys(single for name in names for single in GROUPS.get(name, [name])))


def published_md5(base: str, file: str) -> str | None:
    """The checksum in the resource's own list; None, with a warning, where there is none."""
    try:
        lines = read_url(f"{base}/md5sum.txt").decode("utf-8", errors="replace").splitlines()
    except DownloadError as error:
        logger.warning("%s is not checked against a checksum: %s", file, error)
        return None
    return next((line.split()[0] for line in lines if line.split()[1:] == [file]), None)


def get(name: str, url: str, root: Path) -> Path:
    """Downloads and unpacks a data set; returns its folder."""
    resource, megabytes = DATA_SETS[name]
    dashed = name.replace("_", "-")
    folder = root / "LibriSpeech" / dashed
    if folder.is_dir():
        return folder
    file = f"{dashed}.tar.gz"
    if not (root / file).is_file():
        logger.info("downloading %s, about %d MB", file, megabytes)
    archive = download(f"{url}/{resource}/{file}", root / file, md5=published_md5(f"{url}/{resource}", file))
    logger.info("unpacking %s", archive)
    extract_tar(archive, root)
    if not folder.is_dir():
        raise DownloadError(f"{archive} does not hold LibriSpeech/{dashed}. Delete it and run again.")
    return folder


def entries_of(transcripts: Path, root: Path) -> list[dict[str, object]]:
    """Manifest entries of one chapter."""
    entries: list[dict[str, object]] = []
    for line in transcripts.read_text(encoding="utf-8").splitlines():
        name, _, text = line.partition(" ")
        recording = transcripts.parent / f"{name}.flac"
        entries.append(
            {
                "audio_filepath": str(recording.relative_to(root)),
                "duration": audio_duration(recording),
                "text": text.lower().strip(),
                "speaker": name.split("-")[0],
            }
        )
    return entries


def make_manifest(name: str, folder: Path, root: Path, workers: int) -> tuple[Path, int]:
    """Writes the manifest of a data set; returns its path and the number of recordings."""
    chapters = sorted(folder.rglob("*.trans.txt"))
    if not chapters:
        raise ManifestError(f"{folder} has no transcripts (*.trans.txt). Delete it and run again.")
    with ThreadPoolExecutor(max(workers, 1)) as pool:
        entries = [entry for part in pool.map(lambda chapter: entries_of(chapter, root), chapters) for entry in part]
    write_manifest(root / f"{name}.json", entries)
    return root / f"{name}.json", len(entries)


def main(argv: Sequence[str] | None = None) -> int:
    """Gets the data and writes manifests; returns the exit status."""
    args = arguments(argv)
    nemo_logging.setLevel(logging.DEBUG if args.log else logging.INFO)
    root = Path(args.data_root)
    try:
        for name in chosen(args.data_sets):
            manifest, count = make_manifest(name, get(name, args.url, root), root, args.num_workers)
            sys.stdout.write(f"{manifest}: {count} recordings\n")
    except (ConfigError, DownloadError, AudioFileError, ManifestError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
