"""Examples for pre-training of BERT that were prepared before, in files of NumPy arrays (``.npz``).

Each file has `input_ids`, `input_mask` and `segment_ids` [N, T], `masked_lm_positions` and `masked_lm_ids` [N, P], 0
where fewer than P tokens are hidden, and `next_sentence_labels` [N], 1 where the second text is not the next one: the
names and meaning of the HDF5 files that the original reads.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from nemo.collections.common.data.keyed_dataset import KeyedDataset
from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.data.masked_text import MaskedBatch, MaskedExample, collate_masked
from nemo.core.archive.side_files import read_arrays
from nemo.utils.exceptions import ArchiveError

ARRAYS = ("input_ids", "input_mask", "segment_ids", "masked_lm_positions", "masked_lm_ids", "next_sentence_labels")


class ShardKey(NamedTuple):
    """An example: its file and row."""

    shard: int
    row: int


class BertPretrainingPreprocessedDataset(KeyedDataset):
    """Examples of such files; one file is in memory at a time.

    Args:
        data_file: a file, or a folder of files.
        max_predictions_per_seq: hidden tokens that are used of an example; -1: all.
        shuffle: mix the files, and the examples of each.
        pad_id: token of padding.
        seed: of the order, where no loader of ours gives one.

    Raises:
        TextFileError: there is no such file, or it is HDF5.
        ArchiveError: a file lacks an array, or they do not fit one another.
    """

    def __init__(
        self,
        data_file: str | os.PathLike[str],
        max_predictions_per_seq: int = -1,
        shuffle: bool = False,
        pad_id: int = 0,
        seed: int | None = None,
    ) -> None:
        super().__init__(seed)
        self.paths = _files(Path(data_file).expanduser())
        self._most, self._shuffle, self._pad = max_predictions_per_seq, shuffle, pad_id
        self._loaded: tuple[int, dict[str, np.ndarray]] | None = None
        self._counts = [len(self._arrays(number)["input_ids"]) for number in range(len(self.paths))]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_loaded": None}  # each worker reads what it needs itself

    def keys(self, seed: int, epoch: int, rank: int, world_size: int) -> Iterator[ShardKey]:
        """Examples of a process in an epoch, file after file."""
        order = list(range(len(self.paths)))
        generator = random.Random(f"{seed} {epoch}")
        if self._shuffle:
            generator.shuffle(order)

        def of_all() -> Iterator[ShardKey]:
            for shard in order:
                rows = list(range(self._counts[shard]))
                if self._shuffle:
                    generator.shuffle(rows)
                yield from (ShardKey(shard, row) for row in rows)

        return islice(of_all(), rank, None, world_size)

    def count(self, rank: int, world_size: int) -> int:
        """Every `world_size`-th example is of one process."""
        return len(range(rank, sum(self._counts), world_size))

    def fetch(self, key: ShardKey) -> MaskedExample:
        """Reads an example.

        Raises:
            ArchiveError: it hides a token outside of itself.
        """
        arrays = self._arrays(key.shard)
        length = int(arrays["input_mask"][key.row].sum())
        tokens = arrays["input_ids"][key.row][:length].astype(np.int64)
        ids = arrays["masked_lm_ids"][key.row].astype(np.int64)
        places = arrays["masked_lm_positions"][key.row].astype(np.int64)
        used = np.flatnonzero(places > 0)  # place 0 is [CLS], which is never hidden
        used = used if self._most < 0 else used[: self._most]
        if not length or (places[used] >= length).any() or (places < 0).any():
            raise ArchiveError(
                f"{self.describe_sample(key)} has {length} tokens and hides those at {places.tolist()}. Expected "
                "places below the number of tokens, which is that of ones in input_mask; make the file again."
            )
        truth, is_chosen = tokens.copy(), np.zeros_like(tokens)
        truth[places[used]] = ids[used]
        is_chosen[places[used]] = 1
        types = arrays["segment_ids"][key.row][:length].astype(np.int64)
        follows = 1 - int(arrays["next_sentence_labels"].reshape(-1)[key.row])
        return MaskedExample(tokens, types, truth, is_chosen, follows)

    def describe_sample(self, key: ShardKey) -> str:
        """The file and the row."""
        return f"{self.paths[key.shard]} row {key.row}"

    def _collate_fn(self, batch: list[MaskedExample]) -> MaskedBatch:
        return collate_masked(batch, self._pad)

    def _arrays(self, shard: int) -> dict[str, np.ndarray]:
        if self._loaded is None or self._loaded[0] != shard:
            arrays = read_arrays(self.paths[shard])
            lacking = [name for name in ARRAYS if name not in arrays]
            shapes = {name: arrays[name].shape for name in ARRAYS if name in arrays}
            if lacking or len({shape[:1] for shape in shapes.values()}) != 1:
                raise ArchiveError(
                    f"{self.paths[shard]} has {shapes}. Expected the arrays {', '.join(ARRAYS)}, all with as many "
                    "rows; make the file again."
                )
            self._loaded = (shard, {name: arrays[name] for name in ARRAYS})
        return self._loaded[1]


def _files(path: Path) -> list[Path]:
    found = sorted(path.glob("*.npz")) if path.is_dir() else [path]
    is_hdf5 = any(file.suffix in (".hdf5", ".h5") for file in (path.iterdir() if path.is_dir() else found))
    if not found or not all(file.is_file() and file.suffix == ".npz" for file in found):
        hint = (
            " HDF5 files are not read here; save their arrays with numpy.savez under the same names."
            if is_hdf5
            else " Check the path."
        )
        raise TextFileError(
            f"{path} holds no .npz files of prepared examples. Expected one, or a folder of them; for plain text give "
            f"model.tokenizer and train_ds.max_seq_length as well.{hint}"
        )
    return found
