"""The steps of a script that transcribes: the recordings, and the file of what was recognised.

`cfg` is the script's configuration, with the original's keys; those that a step reads are named there. Keys that a
configuration lacks count as null.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf, open_dict

from nemo.collections.asr.decoding.hypothesis import Hypothesis
from nemo.collections.common.data.manifest import get_full_path, read_manifest_objects, write_manifest
from nemo.utils.exceptions import ConfigError


def prepare_audio_data(cfg: Any) -> tuple[list[str], bool]:
    """The recordings of `audio_dir` (those with the suffix `audio_type`) or of `dataset_manifest`.

    Args:
        cfg: also `audio_key`: the key of the manifest that names a recording, and `allow_partial_transcribe`.

    Returns:
        Paths, and whether only parts of the recordings count: parts are allowed, and every line says which.

    Raises:
        ConfigError: there is no recording, or none of the two is given.
    """
    folder, manifest = value_at(cfg, "audio_dir"), value_at(cfg, "dataset_manifest")
    if folder is not None:
        suffix = value_at(cfg, "audio_type") or "wav"
        paths = [str(path) for path in sorted(Path(folder).rglob(f"*.{suffix}"))]
        is_partial = False
    elif manifest is not None:
        rows = read_manifest_objects(manifest)
        key = value_at(cfg, "audio_key") or "audio_filepath"
        lacking = [number for number, row in enumerate(rows, start=1) if not row.get(key)]
        if lacking:
            raise ConfigError(f'{manifest}: object {lacking[0]} has no "{key}". Name the key of the recordings.')
        paths = [str(get_full_path(row[key], manifest)) for row in rows]
        says_parts = all(row.get("offset") is not None and row.get("duration") is not None for row in rows)
        is_partial = bool(value_at(cfg, "allow_partial_transcribe")) and says_parts
    else:
        raise ConfigError("neither audio_dir nor dataset_manifest is given. Give one of them.")
    if not paths:
        raise ConfigError(f"{folder or manifest} holds no recording. Give another, or audio_type=SUFFIX.")
    return paths, is_partial


def compute_output_filename(cfg: Any, model_name: str) -> Any:
    """`cfg` with `output_filename`; one that is null is named after the input, beside it."""
    if value_at(cfg, "output_filename") is None:
        folder = value_at(cfg, "audio_dir")
        if folder is not None:
            name = f"{os.path.normpath(folder)}.json"
        else:
            stem, suffix = os.path.splitext(cfg.dataset_manifest)
            name = f"{stem}_{model_name}{suffix}"
        if OmegaConf.is_config(cfg):
            with open_dict(cfg):
                cfg.output_filename = name
        else:
            cfg.output_filename = name
    return cfg


def transcribe_partial_audio(
    asr_model: Any,
    path2manifest: str | None = None,
    batch_size: int = 4,
    logprobs: bool = False,
    return_hypotheses: bool = False,
    num_workers: int = 0,
    channel_selector: Any = None,
    augmentor: Any = None,
    decoder_type: str | None = None,
) -> list[Any]:
    """Transcribes what the lines of a manifest name, each from its `offset` for its `duration`.

    Args:
        asr_model: the model.
        path2manifest: the manifest.
        batch_size: recordings computed together.
        logprobs: give log-probabilities [S, V + 1] instead of transcripts.
        return_hypotheses: keep what the search saw.
        num_workers: threads that read files.
        channel_selector: which channel of recordings with several.
        augmentor: changes each recording first.
        decoder_type: of a hybrid: ``rnnt`` or ``ctc``, from now on.

    Returns:
        As ``asr_model.transcribe``, in the order of the lines.
    """
    if path2manifest is None:
        raise ConfigError("path2manifest is not given. Expected the path of a manifest; give it.")
    if decoder_type is not None:
        asr_model.change_decoding_strategy(None, decoder_type=decoder_type)
    results: list[Any] = asr_model.transcribe(
        path2manifest,
        batch_size=batch_size,
        logprobs=logprobs,
        return_hypotheses=return_hypotheses,
        num_workers=num_workers,
        channel_selector=channel_selector,
        augmentor=augmentor,
    )
    return results


def write_transcription(
    transcriptions: Sequence[Any],
    cfg: Any,
    model_name: str,
    filepaths: Sequence[str] | None = None,
    compute_langs: bool = False,
    compute_timestamps: bool = False,
) -> tuple[str, str]:
    """Writes one object a line: what a manifest says of a recording, or its path, and what was recognised.

    Args:
        transcriptions: a text or hypothesis for each recording, or a list of them, the best first.
        cfg: `output_filename`, `audio_dir`, `dataset_manifest`, `append_pred` and `pred_name_postfix`.
        model_name: with `append_pred` the key is ``pred_text_`` and `pred_name_postfix`, or this where that is null.
        filepaths: the recordings; None: those of the manifest.
        compute_langs: add ``pred_lang``.
        compute_timestamps: add ``timestamps_char``, ``timestamps_word`` and ``timestamps_segment``.

    Returns:
        The path of the file and the key of the texts.

    Raises:
        ConfigError: there are not as many transcripts as recordings.
    """
    key = "pred_text"
    if value_at(cfg, "append_pred"):
        key = f"pred_text_{value_at(cfg, 'pred_name_postfix') or model_name}"
    if value_at(cfg, "audio_dir") is not None or value_at(cfg, "dataset_manifest") is None:
        rows = [{"audio_filepath": path} for path in filepaths or []]
    else:
        rows = read_manifest_objects(cfg.dataset_manifest)
    if len(rows) != len(transcriptions):
        raise ConfigError(f"There are {len(transcriptions)} transcripts and {len(rows)} recordings. Give one for each.")
    for row, transcription in zip(rows, transcriptions, strict=True):
        best = transcription[0] if isinstance(transcription, list | tuple) else transcription
        row[key] = str(best)
        if isinstance(best, Hypothesis):
            row.update(_beside_text(best, compute_langs, compute_timestamps))
    write_manifest(cfg.output_filename, rows, ensure_ascii=False)
    return str(cfg.output_filename), key


def _beside_text(hypothesis: Hypothesis, langs: bool, timestamps: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if hypothesis.error is not None:
        found["error"] = hypothesis.error
    if timestamps and isinstance(hypothesis.timestep, dict):
        kinds = [kind for kind in ("char", "word", "segment") if kind in hypothesis.timestep]
        found.update({f"timestamps_{kind}": hypothesis.timestep[kind] for kind in kinds})
    if langs and hypothesis.langs is not None:
        found["pred_lang"] = hypothesis.langs
    return found


def value_at(cfg: Any, place: str) -> Any:
    """What stands at a place of a script's configuration, which is the user's: a DictConfig, dict or dataclass."""
    given = (
        cfg
        if OmegaConf.is_config(cfg)
        else OmegaConf.create(cfg)
        if isinstance(cfg, dict)
        else OmegaConf.structured(cfg)
    )
    return OmegaConf.select(given, place)
