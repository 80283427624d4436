"""Five readers of files from outside, each as a function of bytes that may raise our errors and nothing else."""

from __future__ import annotations

import contextlib
import gc
import logging
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from nemo.collections.common.audio.io import audio_duration, load_audio
from nemo.collections.common.data.manifest import read_manifest
from nemo.collections.common.exceptions import AudioFileError, ManifestError
from nemo.core.archive.plain import load_plain
from nemo.core.archive.safe_yaml import load_config
from nemo.core.archive.tar_reader import ArchiveReader
from nemo.core.archive.targets import TargetPolicy
from nemo.core.archive.weights import load_weights
from nemo.utils.exceptions import ArchiveError
from tests.security.audit import Watch, watching

MAX_SECONDS = 1.0
"""Of processor time for one input."""
MAX_BYTES = 512 * 2**20
CORPUS = Path(__file__).parent / "corpus"


class FuzzFinding(Exception):
    """A reader did what it must not do with some input."""


def _tar(data: bytes, folder: Path) -> None:
    path = folder / "input.nemo"
    path.write_bytes(data)
    with contextlib.suppress(ArchiveError), ArchiveReader(path) as archive:
        for name in archive.names():
            if len(archive.read(name)) != archive.size(name):
                raise FuzzFinding(f"{name!r} is not as long as it says")
            if name.startswith("/") or ".." in name.split("/") or "\\" in name:
                raise FuzzFinding(f"the name {name!r} got through")


def _config(data: bytes, folder: Path) -> None:
    with contextlib.suppress(ArchiveError):
        TargetPolicy().check_config(load_config(data, "input.yaml"), "input.yaml")


def _manifest(data: bytes, folder: Path) -> None:
    path = folder / "input.json"
    path.write_bytes(data)
    with contextlib.suppress(ManifestError):
        read_manifest(path)
    with contextlib.suppress(ManifestError):
        read_manifest(path, require_duration=False, skip_bad_lines=True)


def _wav(data: bytes, folder: Path) -> None:
    path = folder / "input.wav"
    path.write_bytes(data)
    with contextlib.suppress(AudioFileError):
        seconds = audio_duration(path)
        samples = load_audio(path)
        if not 0 <= seconds < 1e9 or samples.nbytes > MAX_BYTES:
            raise FuzzFinding(f"{len(data)} bytes gave {seconds} s and {samples.nbytes} bytes of samples")


def _weights(data: bytes, folder: Path) -> None:
    with contextlib.suppress(ArchiveError):
        for tensor in load_weights(data, source="input").values():
            tensor.reshape(-1)[:1].clone()
    path = folder / "input.pt"
    path.write_bytes(data)
    with contextlib.suppress(ArchiveError):
        load_plain(path)


TARGETS: dict[str, Callable[[bytes, Path], None]] = {
    "tar": _tar,
    "config": _config,
    "manifest": _manifest,
    "wav": _wav,
    "weights": _weights,
}


def try_input(target: str, data: bytes, folder: Path, watch: Watch) -> None:
    """Gives one input to a reader.

    Args:
        target: a name of `TARGETS`.
        data: the input.
        folder: where the reader may write.
        watch: records what it does meanwhile.

    Raises:
        FuzzFinding: it took too long or too much memory, or did something that a reader has no need to do.
        Exception: whatever else than our own errors comes out of the reader.
    """
    memory = _peak()
    start = time.process_time()
    TARGETS[target](data, folder)
    seconds = time.process_time() - start
    if seconds > MAX_SECONDS:
        raise FuzzFinding(f"{seconds:.1f} s of processor time")
    if _peak() - memory > MAX_BYTES:
        raise FuzzFinding(f"{_peak() - memory} more bytes of memory")
    if watch.harm:
        raise FuzzFinding(f"it did {watch.harm}")


@contextlib.contextmanager
def quietly_watching(folder: Path) -> Iterator[Watch]:
    """Watches, lets the readers write to `folder` only, and keeps their warnings to itself."""
    level, temporary = logging.getLogger("nemo").level, tempfile.tempdir
    gc.collect()  # models of earlier tests remove their own folders now, and not while we watch
    gc.freeze()
    logging.getLogger("nemo").setLevel(logging.CRITICAL)
    tempfile.tempdir = str(folder)
    try:
        with watching(str(folder)) as watch:
            yield watch
    finally:
        gc.unfreeze()
        logging.getLogger("nemo").setLevel(level)
        tempfile.tempdir = temporary


def _peak() -> int:
    """Most memory that the process has ever had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
