"""Writes tar files of batches for punctuation and capitalization; see punctuation_capitalization_tarred."""

from __future__ import annotations

import io
import json
import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nemo.collections.nlp.data.label_ids import (
    checked_label_ids,
    label_ids_of,
    load_label_ids,
    numbers_of,
    save_label_ids,
)
from nemo.collections.nlp.data.labelled_pieces import PieceEncoder, PieceSample
from nemo.collections.nlp.data.labelled_words import LabelledWords, read_labelled_words
from nemo.collections.nlp.data.punctuation_capitalization import (
    DEFAULT_CAPIT_LABEL_VOCAB_FILE_NAME,
    DEFAULT_PUNCT_LABEL_VOCAB_FILE_NAME,
    label_pairs,
)
from nemo.collections.nlp.data.punctuation_capitalization_tarred import (
    BATCH_SUFFIX,
    METADATA_BATCHES_KEY,
    METADATA_CAPIT_LABEL_VOCAB_KEY,
    METADATA_PUNCT_LABEL_VOCAB_KEY,
    METADATA_TAR_FILES_KEY,
)
from nemo.collections.nlp.modules.tokenizers import get_tokenizer
from nemo.core.archive.safetensors_file import write_safetensors
from nemo.core.archive.tar_writer import write_archive
from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)

_PREFIX = re.compile(r"[A-Za-z0-9_.-]*[A-Za-z0-9_-]")


def check_tar_file_prefix(tar_file_prefix: str, error_message: str = "", var_name: str = "tar_file_prefix") -> None:
    """Checks that names of tar files can begin so.

    Raises:
        ConfigError: it has other characters than letters, digits, `_`, `-` and `.`, or ends with a dot.
    """
    if not _PREFIX.fullmatch(tar_file_prefix):
        raise ConfigError(
            f"{var_name} is {tar_file_prefix!r}. Expected letters, digits, '_', '-' and '.', not with a dot at the "
            f"end. {error_message}".strip()
        )


def create_tarred_dataset(
    text_file: str | os.PathLike[str],
    labels_file: str | os.PathLike[str],
    output_dir: str | os.PathLike[str],
    max_seq_length: int,
    tokens_in_batch: int,
    lines_per_dataset_fragment: int,
    num_batches_per_tarfile: int,
    tokenizer_name: str,
    pad_label: str = "O",
    punct_label_ids: Mapping[str, int] | None = None,
    capit_label_ids: Mapping[str, int] | None = None,
    punct_label_vocab_file: str | os.PathLike[str] | None = None,
    capit_label_vocab_file: str | os.PathLike[str] | None = None,
    tar_file_prefix: str = "punctuation_capitalization",
    n_jobs: int | None = None,
    **tokenizer_options: Any,
) -> Path:
    """Cuts a text into batches, and writes these into tar files.

    Args:
        text_file: a sentence a line, without punctuation.
        labels_file: pairs of labels for its words.
        output_dir: folder of the tar files, the label files and the JSON file; made if it is not there.
        max_seq_length: most pieces of a sentence, [CLS] and [SEP] included.
        tokens_in_batch: most pieces of a batch, padding included.
        lines_per_dataset_fragment: so many lines are sorted by length and cut into batches together.
        num_batches_per_tarfile: batches of a tar file; the last may have fewer.
        tokenizer_name: as of ``get_tokenizer``.
        pad_label: label of words without punctuation or capital.
        punct_label_ids: number of each punctuation label; None: those of `punct_label_vocab_file` or of the text.
        capit_label_ids: number of each capitalization label, in the same way.
        punct_label_vocab_file: file with one punctuation label a line.
        capit_label_vocab_file: file with one capitalization label a line.
        tar_file_prefix: how the names of the files begin.
        n_jobs: accepted for old scripts, without effect.
        **tokenizer_options: `tokenizer_model`, `vocab_file`, `merges_file`, `special_tokens`, `use_fast_tokenizer`.

    Returns:
        The JSON file, for `tar_metadata_file`.

    Raises:
        TextFileError: the files cannot be read or do not belong together.
        ConfigError: numbers or names that cannot be.
    """
    check_tar_file_prefix(tar_file_prefix)
    _check_sizes(tokens_in_batch, lines_per_dataset_fragment, num_batches_per_tarfile)
    encode = PieceEncoder(_tokenizer(tokenizer_name, **tokenizer_options), max_seq_length)
    sentences = read_labelled_words(text_file, labels_file)
    pairs = [label_pairs(sentence) for sentence in sentences]
    label_ids = (
        _label_ids(punct_label_ids, punct_label_vocab_file, [marks for marks, _ in pairs], pad_label),
        _label_ids(capit_label_ids, capit_label_vocab_file, [cases for _, cases in pairs], pad_label),
    )
    fragments = _fragments(sentences, pairs, label_ids, encode, pad_label, lines_per_dataset_fragment)
    batches = (batch for fragment in fragments for batch in batches_of(fragment, tokens_in_batch))
    name = f"{tar_file_prefix}.tokens{tokens_in_batch}.max_seq_length{max_seq_length}.{_plain(tokenizer_name)}"
    written = _write(batches, Path(output_dir), name, label_ids, num_batches_per_tarfile)
    encode.warn_of_cut(text_file)
    return written


def _check_sizes(tokens_in_batch: int, lines_per_dataset_fragment: int, num_batches_per_tarfile: int) -> None:
    if min(tokens_in_batch, lines_per_dataset_fragment, num_batches_per_tarfile) < 1:
        raise ConfigError(
            f"tokens_in_batch is {tokens_in_batch}, lines_per_dataset_fragment {lines_per_dataset_fragment} and "
            f"num_batches_per_tarfile {num_batches_per_tarfile}. Expected 1 or more of each."
        )


def _tokenizer(
    tokenizer_name: str,
    tokenizer_model: str | os.PathLike[str] | None = None,
    vocab_file: str | os.PathLike[str] | None = None,
    merges_file: str | os.PathLike[str] | None = None,
    special_tokens: Mapping[str, str] | None = None,
    use_fast_tokenizer: bool = False,
) -> Any:
    return get_tokenizer(
        tokenizer_name,
        tokenizer_model=None if tokenizer_model is None else str(tokenizer_model),
        vocab_file=None if vocab_file is None else str(vocab_file),
        merges_file=None if merges_file is None else str(merges_file),
        special_tokens=dict(special_tokens) if special_tokens else None,
        use_fast=use_fast_tokenizer,
    )


def batches_of(samples: Sequence[PieceSample], tokens_in_batch: int) -> Iterator[list[PieceSample]]:
    """Batches of similar length, of at most `tokens_in_batch` pieces with padding; a longer sample is one by itself."""
    batch: list[PieceSample] = []
    for sample in sorted(samples, key=len):
        if batch and len(sample) * (len(batch) + 1) > tokens_in_batch:  # this one is the longest so far
            yield batch
            batch = []
        batch.append(sample)
    if batch:
        yield batch


def _label_ids(
    given: Mapping[str, int] | None, file: str | os.PathLike[str] | None, labels: list[list[str]], pad_label: str
) -> dict[str, int]:
    if given is not None:
        return checked_label_ids(given, pad_label, "label_ids")
    if file is not None:
        return checked_label_ids(load_label_ids(file), pad_label, str(file))
    return label_ids_of(labels, pad_label)


def _fragments(
    sentences: list[LabelledWords],
    pairs: list[tuple[list[str], list[str]]],
    label_ids: tuple[dict[str, int], ...],
    encode: PieceEncoder,
    pad_label: str,
    lines: int,
) -> Iterator[list[PieceSample]]:
    pads = [numbers[pad_label] for numbers in label_ids]
    for start in range(0, len(sentences), lines):
        yield [
            encode(
                sentence.words,
                [numbers_of(labels, ids, sentence.place) for labels, ids in zip(pair, label_ids, strict=True)],
                pads,
            )
            for sentence, pair in zip(sentences[start : start + lines], pairs[start : start + lines], strict=True)
        ]


def _write(
    batches: Iterator[list[PieceSample]], folder: Path, name: str, label_ids: tuple[dict[str, int], ...], size: int
) -> Path:
    """Writes tar files, labels, and last the JSON file, so that a set with one is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    tar_files: list[str] = []
    count = 0
    members: dict[str, bytes] = {}
    for batch in batches:
        members[f"batch-{count:06d}{BATCH_SUFFIX}"] = _packed(batch)
        count += 1
        if len(members) == size:
            tar_files.append(_write_tar(folder, name, len(tar_files), members))
            members = {}
    if members:
        tar_files.append(_write_tar(folder, name, len(tar_files), members))
    names = (DEFAULT_PUNCT_LABEL_VOCAB_FILE_NAME, DEFAULT_CAPIT_LABEL_VOCAB_FILE_NAME)
    for file, numbers in zip(names, label_ids, strict=True):
        save_label_ids(folder / file, numbers)
    content: dict[str, Any] = {
        METADATA_BATCHES_KEY: count,
        METADATA_TAR_FILES_KEY: tar_files,
        METADATA_PUNCT_LABEL_VOCAB_KEY: names[0],
        METADATA_CAPIT_LABEL_VOCAB_KEY: names[1],
    }
    metadata = folder / f"metadata.{name}.json"
    with atomic_write(metadata) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    logger.info("%d batches in %d tar files; %s", count, len(tar_files), metadata)
    return metadata


def _write_tar(folder: Path, name: str, number: int, members: dict[str, bytes]) -> str:
    file = f"{name}.{number}.tar"
    write_archive(folder / file, members)
    return file


def _packed(batch: Sequence[PieceSample]) -> bytes:
    labels = np.concatenate([sample.labels for sample in batch], axis=1)
    arrays = {
        "input_ids": np.concatenate([sample.ids for sample in batch]),
        "starts": np.concatenate([sample.starts for sample in batch]).astype(np.uint8),
        "punct_labels": labels[0].copy(),
        "capit_labels": labels[1].copy(),
        "lengths": np.asarray([len(sample) for sample in batch], dtype=np.int32),
    }
    file = io.BytesIO()
    write_safetensors({name: torch.from_numpy(array) for name, array in arrays.items()}, file)
    return file.getvalue()


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)
