"""What is made from parallel text before training: tokenizers, and tar files of batches."""

from __future__ import annotations

import logging
import os
import random
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig, ListConfig, open_dict

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.common.tokenizers.sentencepiece_tokenizer import create_spt_model
from nemo.collections.nlp.data.parallel_text import TextSide, iter_parallel_lines
from nemo.collections.nlp.data.tarred_translation import TarMetadata, write_batches
from nemo.collections.nlp.data.text_lines import TextLine, iter_lines
from nemo.collections.nlp.data.text_processors import make_processor, prepared
from nemo.collections.nlp.data.token_batches import PairLimits, TokenTexts, plan_batches
from nemo.collections.nlp.data.translation_tokenizers import TranslationTokenizers
from nemo.utils.exceptions import ConfigError
from nemo.utils.get_rank import is_global_rank_zero

logger = logging.getLogger(__name__)


class MTDataPreproc:
    """Makes what a translation model's config asks for and lacks, and writes its paths into the config.

    A tokenizer without `tokenizer_model` is trained on the training texts, one for both sides with `shared_tokenizer`;
    with `use_tarred_dataset` and neither `tar_files` nor `metadata_file` the texts become tar files. Everything goes to
    `preproc_out_dir`; what is there already is used as it is.

    Args:
        cfg: the `model` section; it is changed.
        trainer: not used; rank zero does the work of a run.

    Raises:
        ConfigError: `preproc_out_dir` is not set, or a tokenizer of this kind cannot be trained.
    """

    def __init__(self, cfg: DictConfig, trainer: Any = None) -> None:
        self.cfg = cfg
        train = cfg.get("train_ds")
        if train is None or not train.get("src_file_name"):
            return
        self._sources, self._targets = _listed(train.src_file_name), _listed(train.tgt_file_name)
        self._languages = _listed(cfg.src_language), _listed(cfg.tgt_language)
        self._prepares = bool(train.get("prepare"))
        with open_dict(cfg):
            self._set_tokenizers()
            if train.get("use_tarred_dataset") and not train.get("tar_files") and not train.get("metadata_file"):
                train.metadata_file = self._make_tar_files(train)

    def _set_tokenizers(self) -> None:
        sections = {side: self.cfg[f"{side}_tokenizer"] for side in ("encoder", "decoder")}
        missing = [side for side, section in sections.items() if _needs_training(section)]
        if not missing:
            return
        files = {"encoder": self._sources, "decoder": self._targets}
        languages = dict(zip(("encoder", "decoder"), self._languages, strict=True))
        if self.cfg.get("shared_tokenizer"):
            model = self._train("shared", sections[missing[0]], [*self._texts(files, languages)])
            for side in missing:
                sections[side].tokenizer_model = model
            return
        for side in missing:
            texts = self._texts({side: files[side]}, languages)
            sections[side].tokenizer_model = self._train(side, sections[side], [*texts])

    def _texts(self, files: dict[str, list[str]], languages: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
        """Each file, and its language."""
        for side, names in files.items():
            several = languages[side] if len(languages[side]) == len(names) else languages[side][:1] * len(names)
            yield from zip(names, several, strict=True)

    def _train(self, name: str, section: DictConfig, texts: Sequence[tuple[str, str]]) -> str:
        if section.library != "sentencepiece":
            raise ConfigError(
                f"A tokenizer of the library {section.library!r} is to be trained: tokenizer_model is not set. "
                "Expected sentencepiece, which is trained here; set library to it, or tokenizer_model to a file."
            )
        if not section.vocab_size:
            raise ConfigError("A tokenizer is to be trained, and its vocab_size is not set. Set it, 32000 for example.")
        folder = self._folder() / f"tokenizer.{name}.{section.vocab_size}"
        model = folder / "tokenizer.model"
        if not model.is_file() and is_global_rank_zero():
            with tempfile.TemporaryDirectory(dir=self._folder()) as scratch:
                text = Path(scratch) / "text.txt"
                _write_lines(text, texts, section.library, self._prepares)
                create_spt_model(
                    str(text),
                    vocab_size=section.vocab_size,
                    sample_size=section.get("training_sample_size") or -1,
                    do_lower_case=False,
                    tokenizer_type="bpe",
                    output_dir=str(folder),
                    character_coverage=section.get("coverage") or 0.999,
                    bos=True,
                    eos=True,
                    pad=True,
                    user_defined_symbols=self._language_tokens() or None,
                )
        return str(model)

    def _language_tokens(self) -> list[str]:
        """Tokens that say what language is wanted, where there are several."""
        targets = sorted(set(self._languages[1]))
        return [f"<{language}>" for language in targets] if self.cfg.get("multilingual") and len(targets) > 1 else []

    def _make_tar_files(self, section: DictConfig) -> str | list[str]:
        cfg = self.cfg
        tokenizers = TranslationTokenizers(
            cfg.encoder_tokenizer, cfg.decoder_tokenizer, *self._languages, multilingual=bool(cfg.get("multilingual"))
        )
        pairs = tokenizers.pairs()
        pairs = pairs * len(self._sources) if len(pairs) == 1 else pairs
        made = []
        for number, (source, target, pair) in enumerate(zip(self._sources, self._targets, pairs, strict=True)):
            folder = self._folder() if len(self._sources) == 1 else self._folder() / str(number)
            path = folder / f"metadata.tokens.{section.tokens_in_batch}.json"
            # the prefix of a language is put in when the batches are read
            change = {"prefix": None} if self._prepares else {"prefix": None, "processor": None}
            sides = replace(pair.source, **change), replace(pair.target, **change)
            if not path.is_file() and is_global_rank_zero():
                write_parallel_tar_files(source, target, *sides, folder, **tar_options(section))
            made.append(str(path))
        return made[0] if len(made) == 1 else made

    def _folder(self) -> Path:
        if not self.cfg.get("preproc_out_dir"):
            raise ConfigError(
                "model.preproc_out_dir is not set, and tokenizers or tar files are to be made. Set it to a folder for "
                "them."
            )
        folder = Path(self.cfg.preproc_out_dir)
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def tar_options(section: DictConfig) -> dict[str, Any]:
    """Arguments of :func:`write_parallel_tar_files` from a `train_ds` section."""
    limits = PairLimits(
        section.get("max_seq_length", 512),
        section.get("min_seq_length", 1),
        section.get("max_seq_length_diff", 512),
        section.get("max_seq_length_ratio", 512),
    )
    return {
        "tokens_in_batch": section.tokens_in_batch,
        "limits": limits if section.get("clean") else None,
        "lines_per_fragment": section.get("lines_per_dataset_fragment") or 1000000,
        "batches_per_tar": section.get("num_batches_per_tarfile") or 1000,
        "prefix": section.get("tar_file_prefix") or "parallel",
        "num_samples": section.get("num_samples", -1),
    }


def write_parallel_tar_files(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    source_side: TextSide,
    target_side: TextSide,
    folder: str | os.PathLike[str],
    *,
    tokens_in_batch: int = 8192,
    limits: PairLimits | None = None,
    lines_per_fragment: int = 1000000,
    batches_per_tar: int = 1000,
    prefix: str = "parallel",
    num_samples: int = -1,
) -> TarMetadata:
    """Writes parallel text as tar files of batches, and the metadata beside them.

    Batches are mixed within a fragment of the text; what does not fill a tar file goes to a smaller one.

    Args:
        source: text to translate, one sentence a line.
        target: its translation.
        source_side: how lines of the first file become tokens.
        target_side: those of the second.
        folder: gets the files.
        tokens_in_batch: most tokens of each side of a batch, padding included.
        limits: pairs beyond them are left out; None: all are taken.
        lines_per_fragment: lines that are held in memory together.
        batches_per_tar: batches of a tar file.
        prefix: of their names.
        num_samples: pairs that are read; -1: all.

    Raises:
        TextFileError: a file cannot be used, or nothing is left of the two.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    pads = np.asarray([source_side.tokenizer.pad_id, target_side.tokenizer.pad_id], dtype=np.int32)
    metadata = TarMetadata(0, tokens_in_batch=tokens_in_batch)
    metadata.vocab_sizes = int(source_side.tokenizer.vocab_size), int(target_side.tokenizer.vocab_size)
    tars = _TarWriter(f"{place / prefix}.batches.tokens.{tokens_in_batch}", batches_per_tar, metadata)
    for lines in _fragments(iter_parallel_lines(source, target, num_samples), lines_per_fragment):
        sides = source_side.tokens_of([pair[0] for pair in lines]), target_side.tokens_of([pair[1] for pair in lines])
        for arrays in _batches_of(sides, pads, tokens_in_batch, limits):
            tars.add(arrays)
    tars.finish()
    if not metadata.num_batches:
        raise TextFileError(
            f"{source}, {target}: there is no pair within the limits {limits}. Give texts, or raise them."
        )
    metadata.write(place / f"metadata.tokens.{tokens_in_batch}.json")
    logger.info("%s: %d batches in %d tar files", place, metadata.num_batches, len(metadata.tar_files))
    return metadata


class _TarWriter:
    """Batches one after the other, into a tar file whenever there are enough; it keeps the metadata."""

    def __init__(self, name: str, batches_per_tar: int, metadata: TarMetadata) -> None:
        self._name, self._size, self._metadata = name, batches_per_tar, metadata
        self._waiting: list[tuple[str, dict[str, np.ndarray]]] = []

    def add(self, arrays: dict[str, np.ndarray]) -> None:
        self._waiting.append((f"batch-{self._metadata.num_batches:08d}", arrays))
        self._metadata.num_batches += 1
        self._metadata.num_pairs += len(arrays["src"])
        if len(self._waiting) == self._size:
            self.finish()

    def finish(self) -> None:
        if not self._waiting:
            return
        path = f"{self._name}.{len(self._metadata.tar_files)}.tar"
        write_batches(path, self._waiting)
        self._metadata.tar_files.append(path)
        self._waiting = []


def _batches_of(
    sides: tuple[TokenTexts, TokenTexts], pads: np.ndarray, tokens_in_batch: int, limits: PairLimits | None
) -> Iterator[dict[str, np.ndarray]]:
    lengths = sides[0].lengths, sides[1].lengths
    kept = None if limits is None else limits.kept(*lengths)
    batches = plan_batches(*lengths, tokens_in_batch, kept)
    random.Random(0).shuffle(batches)
    for numbers in batches:
        source, target = (side.padded(numbers, int(pad)) for side, pad in zip(sides, pads, strict=True))
        yield {"src": source, "tgt": target, "pads": pads}


def _fragments(pairs: Iterator[tuple[TextLine, TextLine]], size: int) -> Iterator[list[tuple[TextLine, TextLine]]]:
    while fragment := list(islice(pairs, size)):
        yield fragment


def _write_lines(path: Path, texts: Sequence[tuple[str, str]], library: str, prepares: bool) -> None:
    """All lines of some files in one, prepared if they are to be; files come with their languages."""
    with open(path, "w", encoding="utf-8") as file:
        for name, language in texts:
            processor = make_processor(language, library) if prepares else None
            for line in iter_lines(name):
                text = line.text if processor is None else prepared(processor, line.text)
                file.write(text + "\n")


def _needs_training(section: DictConfig) -> bool:
    kinds = ("yttm", "sentencepiece")
    return section.get("library", "yttm") in kinds and not section.get("tokenizer_model")


def _listed(value: Any) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list | tuple | ListConfig) else [str(value)]
