"""Large text files read line by line in any order, through memory maps and an index of where lines end.

The index of `corpus.txt` is `corpus.txt.idx.npz`. It says for which file it was made, by size and time of change, and
is made again when the file has changed.
"""

from __future__ import annotations

import json
import logging
import os
from bisect import bisect_right
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from nemo.collections.common.exceptions import TextFileError
from nemo.core.archive.file_views import map_file
from nemo.core.archive.side_files import read_arrays
from nemo.core.classes.dataset import Dataset
from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import ArchiveError, ConfigError

logger = logging.getLogger(__name__)

INDEX_VERSION = 1
PIECE = 2**26
"""Bytes that are searched for ends of lines at once."""

Paths = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]


class TextMemMapDataset(Dataset):
    r"""Lines of text files by number, without their ends; the files are mapped into memory, not read.

    Args:
        dataset_paths: the files, in UTF-8.
        newline_int: the byte that ends a line; 10 for a newline.
        header_lines: lines at the start of each file that are passed over.
        workers: processes that make indexes; None: one for each file, as many as there are cores.
        tokenizer: its `text_to_ids` is applied to each line; None gives text.
        sort_dataset_paths: take the files in the order of their names.
        index_mapping_dir: where the indexes lie; None: beside the files.

    Raises:
        TextFileError: a file is missing or empty, or has no line after the header.
    """

    def __init__(
        self,
        dataset_paths: Paths,
        newline_int: int = 10,
        header_lines: int = 0,
        workers: int | None = None,
        tokenizer: Any = None,
        sort_dataset_paths: bool = True,
        index_mapping_dir: str | None = None,
    ) -> None:
        given = [dataset_paths] if isinstance(dataset_paths, str | os.PathLike) else list(dataset_paths)
        paths = [Path(path).expanduser() for path in given]
        if not paths:
            raise ConfigError("dataset_paths is empty. Expected at least one text file; name it.")
        self._paths = sorted(paths) if sort_dataset_paths else paths
        self._newline_int, self._header_lines = newline_int, header_lines
        self.tokenizer = tokenizer
        build_index_files(self._paths, newline_int, workers, index_mapping_dir=index_mapping_dir)
        self._ends = [_read_index(path, index_mapping_dir, newline_int) for path in self._paths]
        counts = [len(ends) - header_lines for ends in self._ends]
        for path, count in zip(self._paths, counts, strict=True):
            if count < 1:
                raise TextFileError(
                    f"{path} has {count + header_lines} lines. Expected more than the {header_lines} of the header."
                )
        self._behind = np.cumsum(counts).tolist()
        self._maps: dict[int, memoryview] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_maps": {}}  # each worker maps what it reads itself

    def __len__(self) -> int:
        return int(self._behind[-1])

    def __getitem__(self, idx: int) -> Any:
        """The line of that number, or its tokens.

        Raises:
            IndexError: there is no such line.
            TextFileError: it is not UTF-8.
        """
        if not -len(self) <= idx < len(self):
            raise IndexError(f"line {idx} of {len(self)}; expected a number below that.")
        idx = int(idx) % len(self)
        file = bisect_right(self._behind, idx)
        line = idx - (self._behind[file - 1] if file else 0) + self._header_lines
        return self._build_data_from_text(self._text(file, line))

    def _build_data_from_text(self, text: str) -> Any:
        """A sample from its line; a subclass may do otherwise."""
        return text if self.tokenizer is None else self.tokenizer.text_to_ids(text)

    def _text(self, file: int, line: int) -> str:
        if file not in self._maps:
            self._maps[file] = map_file(self._paths[file])
        ends = self._ends[file]
        start = int(ends[line - 1]) + 1 if line else 0
        raw = bytes(self._maps[file][start : int(ends[line])])
        try:
            return raw.decode("utf-8").removesuffix("\r")
        except UnicodeDecodeError as error:
            raise TextFileError(
                f"{self._paths[file]}:{line + 1} is not UTF-8 ({error}). Expected a text file in UTF-8; convert it: "
                f"iconv -f ENCODING -t UTF-8 {self._paths[file].name}"
            ) from error


def build_index_files(
    dataset_paths: Paths,
    newline_int: int = 10,
    workers: int | None = None,
    build_index_fn: Any = None,
    index_mapping_dir: str | None = None,
) -> bool:
    """Writes the index of each file that has none, or one that no longer fits.

    Args:
        dataset_paths: the files.
        newline_int: the byte that ends a line.
        workers: processes; None: one for each file, as many as there are cores.
        build_index_fn: must be None; indexes of the caller's own making are not read.
        index_mapping_dir: where the indexes go; None: beside the files.

    Returns:
        Whether any was written.

    Raises:
        TextFileError: a file is missing or empty.
    """
    if build_index_fn is not None:
        raise ConfigError("build_index_fn is given. Expected None: only indexes of lines are made and read here.")
    paths = [dataset_paths] if isinstance(dataset_paths, str | os.PathLike) else list(dataset_paths)
    if not 0 <= newline_int < 256:
        raise ConfigError(f"newline_int is {newline_int}. Expected the byte that ends a line, 10 for a newline.")
    lacking = []
    for path in map(Path, paths):
        _check(path)
        if not _fits(path, index_mapping_dir, newline_int):
            lacking.append(path)
    count = min(len(lacking), workers if workers is not None else os.cpu_count() or 1)
    tasks = [(str(path), index_mapping_dir, newline_int) for path in lacking]
    if count > 1:
        with ProcessPoolExecutor(count) as pool:
            list(pool.map(_write_index, tasks))
    else:
        for task in tasks:
            _write_index(task)
    return bool(lacking)


def _check(path: Path) -> None:
    if not path.is_file() or path.stat().st_size == 0:
        what = "is empty" if path.is_file() else "does not exist"
        raise TextFileError(f"{path} {what}. Expected a text file with one text on each line; check the path.")


def _index_file(path: Path, folder: str | None) -> Path:
    name = f"{path.name}.idx.npz"
    if folder is None:
        return path.parent / name
    # two files of one name from different folders need different indexes
    return Path(folder).joinpath(*[part for part in path.resolve().parent.parts if part != path.anchor], name)


def _described(path: Path, newline_int: int) -> str:
    status = path.stat()
    facts = {"version": INDEX_VERSION, "size": status.st_size, "time": status.st_mtime_ns, "newline": newline_int}
    return json.dumps(facts, sort_keys=True)


def _write_index(task: tuple[str, str | None, int]) -> None:
    path, folder, newline_int = Path(task[0]), task[1], task[2]
    index = _index_file(path, folder)
    index.parent.mkdir(parents=True, exist_ok=True)
    described = _described(path, newline_int)
    content = np.memmap(path, dtype=np.uint8, mode="r")
    starts = range(0, len(content), PIECE)
    found = [np.flatnonzero(content[start : start + PIECE] == newline_int) + start for start in starts]
    ends = np.concatenate(found).astype(np.int64)
    if not len(ends) or ends[-1] != len(content) - 1:
        ends = np.append(ends, len(content))  # the last line has no end of its own
    with atomic_write(index) as temporary, open(temporary, "wb") as file:
        np.savez(file, ends=ends, facts=np.frombuffer(described.encode(), dtype=np.uint8))
    logger.info("%s: index of %d lines", index, len(ends))


def _fits(path: Path, folder: str | None, newline_int: int) -> bool:
    try:
        arrays = read_arrays(_index_file(path, folder))
    except FileNotFoundError:
        return False
    except ArchiveError as error:
        logger.warning("an index cannot be read and is made again: %s", error)
        return False
    facts = arrays.get("facts")
    return facts is not None and facts.tobytes() == _described(path, newline_int).encode()


def _read_index(path: Path, folder: str | None, newline_int: int) -> np.ndarray:
    index = _index_file(path, folder)
    ends = read_arrays(index).get("ends")
    size = path.stat().st_size
    good = ends is not None and ends.ndim == 1 and ends.dtype == np.int64 and len(ends) > 0
    if not good or ends is None or ends[0] < 0 or ends[-1] > size or (np.diff(ends) <= 0).any():
        raise ArchiveError(f"{index} is no index of {path}. Delete it; it is made again.")
    return ends
