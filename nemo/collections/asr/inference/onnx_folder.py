"""A folder with all that a program without this toolkit needs to recognise speech with a model.

CTC: `model.onnx`. Transducers: `encoder-model.onnx` and `decoder_joint-model.onnx`, and the latter's two networks as
`decoder-model.onnx` and `joiner-model.onnx`. `vocab.txt` has a line "token id" for each class, the blank as `<blk>`.
The names are those that the package onnx-asr looks for, with its `config.json`; sherpa-onnx is told the files, whose
properties it reads, and takes the two networks.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from nemo.collections.asr.decoding.vocabulary import SENTENCEPIECE_SPACE, WORDPIECE_CONTINUATION
from nemo.core.classes.onnx_files import add_metadata, quantize_onnx
from nemo.utils.atomic import atomic_write
from nemo.utils.exceptions import ExportError

UNLIMITED_SYMBOLS = 1000
"""Tokens for a frame, where a model sets no limit."""


def export_onnx_folder(
    model: Any, folder: str | os.PathLike[str], *, int8: bool = False, streaming: bool = False
) -> list[Path]:
    """Writes a model as files for other programs.

    Args:
        model: a CTC or transducer model; of a hybrid the decoder in use.
        folder: made if it is not there.
        int8: also write `*.int8.onnx`, whose matrix products are computed in 8-bit integers.
        streaming: the encoder reads chunks, with its caches as inputs and outputs.

    Returns:
        The ONNX files.

    Raises:
        ExportError: the model is of another kind, or has no caches to read streams with.
        MissingDependencyError: without the extra `export`.
    """
    tokens = _tokens(model)
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    before = getattr(model.encoder, "export_cache_support", False)
    model.set_export_config({"cache_support": streaming})
    try:
        files = [Path(file) for file in model.export(str(folder / "model.onnx"))[0]]
        if _is_transducer(model):
            files += [folder / "decoder-model.onnx", folder / "joiner-model.onnx"]
            model.decoder.export(str(files[-2]))
            model.joint.export(str(files[-1]))
    finally:
        model.set_export_config({"cache_support": before})
    add_metadata(files[0], _properties(model, len(tokens), streaming))
    with atomic_write(folder / "vocab.txt") as path:
        path.write_text("".join(f"{token} {number}\n" for number, token in enumerate(tokens)), encoding="utf-8")
    with atomic_write(folder / "config.json") as path:
        path.write_text(json.dumps(_config(model), indent=2) + "\n", encoding="utf-8")
    return files + ([quantize_onnx(file) for file in files] if int8 else [])


def _tokens(model: Any) -> list[str]:
    """The classes up to the blank, words beginning with SentencePiece's mark whatever the tokenizer."""
    vocabulary = getattr(getattr(model, "decoding", None), "vocabulary", None)
    if vocabulary is None or not hasattr(model, "export"):
        raise ExportError(
            f"{type(model).__name__} has no vocabulary or no export. Expected a CTC or transducer model for speech; "
            "for another give the name of a file, such as model.onnx, and no folder."
        )
    if _is_transducer(model) and model.decoding.cfg.big_blank_durations:
        raise ExportError(
            "other programs do not know transducers with big blanks. Write the networks alone, model.export(...), and "
            "search in your own program."
        )
    tokens = vocabulary.ids_to_tokens(range(len(vocabulary)))
    if any(token.startswith(WORDPIECE_CONTINUATION) for token in tokens):
        tokens = [
            token.removeprefix(WORDPIECE_CONTINUATION)
            if token.startswith(WORDPIECE_CONTINUATION)
            else SENTENCEPIECE_SPACE + token
            for token in tokens
        ]
    return [token.replace(" ", SENTENCEPIECE_SPACE) for token in tokens] + ["<blk>"]


def _is_transducer(model: Any) -> bool:
    return hasattr(model, "joint") and getattr(model, "cur_decoder", "rnnt") == "rnnt"


def _config(model: Any) -> dict[str, Any]:
    """What onnx-asr wants to know."""
    config = {
        "model_type": "nemo-conformer-ctc",
        "features_size": int(model.encoder._feat_in),
        "subsampling_factor": int(model.encoder.subsampling_factor),
    }
    if _is_transducer(model):
        config["model_type"] = "nemo-conformer-tdt" if model.joint.num_extra_outputs else "nemo-conformer-rnnt"
        greedy = model.decoding.cfg.greedy
        most = greedy.max_symbols_per_step if greedy.max_symbols is None else greedy.max_symbols
        config["max_tokens_per_step"] = most or UNLIMITED_SYMBOLS
    return config


def _properties(model: Any, classes: int, streaming: bool) -> dict[str, Any]:
    """What sherpa-onnx wants to know; its `vocab_size` leaves the blank out."""
    normalize = model.cfg.preprocessor.get("normalize")
    properties: dict[str, Any] = {
        "model_type": type(model).__name__,
        "model_author": "NeMo",
        "version": 1,
        "vocab_size": classes - 1,
        "normalize_type": normalize if normalize in ("per_feature", "all_features") else "",
        "subsampling_factor": int(model.encoder.subsampling_factor),
        "feat_dim": int(model.encoder._feat_in),
    }
    if _is_transducer(model):
        properties |= {
            "url": _config(model)["model_type"],  # a TDT model is known by these letters in it
            "pred_rnn_layers": getattr(model.decoder, "pred_rnn_layers", 0),
            "pred_hidden": model.decoder.pred_hidden,
        }
    if streaming:
        sizes = model.encoder.sizes
        channel, time, _ = model.encoder.get_initial_cache_state(1)
        of_cache = {
            f"{name}_dim{number}": size
            for name, cache in (("cache_last_channel", channel), ("cache_last_time", time))
            for number, size in enumerate((cache.shape[0], *cache.shape[2:]), start=1)
        }
        new, before = _later(sizes.shift_size), _later(sizes.pre_encode_cache_size)
        properties |= {"window_size": before + new, "chunk_shift": new, **of_cache}
    return properties


def _later(sizes: int | list[int]) -> int:
    return sizes if isinstance(sizes, int) else sizes[1]
