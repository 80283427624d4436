r"""Transcribes a folder of recordings, or those of a manifest, with a trained model.

    python transcribe_speech.py model_path=model.nemo audio_dir=recordings output_filename=transcripts.json
    python transcribe_speech.py pretrained_name=stt_en_quartznet15x5 dataset_manifest=test.json batch_size=16
    python transcribe_speech.py model_path=model.nemo audio_dir=recordings compute_timestamps=true
    python transcribe_speech.py model_path=conformer.nemo audio_dir=lectures \
        model_change.conformer.self_attention_model=rel_pos_local_attn model_change.conformer.att_context_size=[128,128]

Recordings may have any length. The output has one JSON object for each: what its manifest line said, and pred_text. If
the manifest has texts, the error rate is printed as well.
"""

import contextlib
import json
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from omegaconf import OmegaConf

from nemo.collections.asr.decoding.ctc import CTCDecodingConfig
from nemo.collections.asr.decoding.hypothesis import Hypothesis
from nemo.collections.asr.decoding.rnnt_config import RNNTDecodingConfig
from nemo.collections.asr.metrics.wer import word_error_rate
from nemo.collections.asr.models import ASRModel
from nemo.collections.asr.models.script_model import setup_model
from nemo.collections.asr.modules.conformer.attention_change import ConformerChangeConfig
from nemo.collections.common.data.manifest import get_full_path, read_manifest_objects, write_manifest
from nemo.core.config import hydra_runner

logger = logging.getLogger("nemo.examples")


@dataclass
class ModelChangeConfig:
    """What is changed in the model before it transcribes."""

    conformer: ConformerChangeConfig = field(default_factory=ConformerChangeConfig)


@dataclass
class TranscriptionConfig:
    """What to transcribe, with what, and how."""

    model_path: str | None = None  # a .nemo file, or ...
    pretrained_name: str | None = None  # ... the name of a published model
    audio_dir: str | None = None  # a folder, searched with its sub-folders, or ...
    dataset_manifest: str | None = None  # ... a manifest
    channel_selector: Any = None  # index of a channel, or average
    audio_key: str = "audio_filepath"  # key of the manifest that names the recording
    eval_config_yaml: str | None = None
    output_filename: str | None = None  # null: named after the input
    batch_size: int = 32
    num_workers: int = 0
    append_pred: bool = False  # keep predictions that the manifest already has, and add pred_text_POSTFIX
    pred_name_postfix: str | None = None
    random_seed: int | None = None
    compute_timestamps: bool = False
    timestamps: bool | None = None  # the same, by its newer name
    preserve_alignment: bool = False
    compute_langs: bool = False  # adds pred_lang, with a model of several languages
    cuda: int | None = None  # index of a GPU; null: the first if there is one; negative: the CPU
    allow_mps: bool = False
    amp: bool = False
    amp_dtype: str = "float16"
    audio_type: str = "wav"  # suffix of the files in audio_dir
    overwrite_transcripts: bool = True
    ctc_decoding: CTCDecodingConfig = field(default_factory=CTCDecodingConfig)
    rnnt_decoding: RNNTDecodingConfig = field(default_factory=RNNTDecodingConfig)
    multitask_decoding: Any = None  # keys of its decoding section that change
    decoder_type: str | None = None  # rnnt or ctc, of a hybrid model
    att_context_size: Any = None  # [left, right], of a model trained with several
    model_change: ModelChangeConfig = field(default_factory=ModelChangeConfig)
    calculate_wer: bool = True
    clean_groundtruth_text: bool = False
    langid: str = "en"
    use_cer: bool = False
    return_transcriptions: bool = False
    return_hypotheses: bool = True
    gt_text_attr_name: str = "text"
    allow_partial_transcribe: bool = False  # accepted: offset and duration of a manifest always count
    max_seconds: float | None = None  # cut what is longer into chunks; null: chosen from memory


def check(cfg: Any) -> None:
    """Raises a ValueError unless there is one model and one source of recordings."""
    if (cfg.model_path is None) == (cfg.pretrained_name is None):
        raise ValueError("Give one of model_path=FILE.nemo and pretrained_name=NAME.")
    if (cfg.audio_dir is None) == (cfg.dataset_manifest is None):
        raise ValueError("Give one of audio_dir=FOLDER and dataset_manifest=FILE.")


def load_model(cfg: Any) -> ASRModel:
    """The model that `cfg` names, in evaluation mode on the device it asks for."""
    model, _ = setup_model(cfg, choose_device(cfg))
    change_model(model, cfg)
    return model


def change_model(model: ASRModel, cfg: Any) -> None:
    """Gives the model the decoding that `cfg` asks for."""
    if cfg.att_context_size is not None:
        model.encoder.set_default_att_context_size(cfg.att_context_size)
    if cfg.decoder_type is not None:
        section = cfg.ctc_decoding if cfg.decoder_type == "ctc" else cfg.rnnt_decoding
        model.change_decoding_strategy(without_defaults(section) or None, decoder_type=cfg.decoder_type)
        return
    decoding = OmegaConf.merge(model.cfg.decoding, changes_of_decoding(model, cfg))
    if decoding != model.cfg.decoding:
        model.change_decoding_strategy(decoding)


def changes_of_decoding(model: ASRModel, cfg: Any) -> Any:
    """What the user changed of the section that is for a model of this kind."""
    if hasattr(model, "transf_decoder"):
        return cfg.multitask_decoding or {}
    return without_defaults(cfg.rnnt_decoding if hasattr(model, "joint") else cfg.ctc_decoding)


def choose_device(cfg: Any) -> torch.device:
    """The GPU where there is one and none is forbidden, else the CPU."""
    if (cfg.cuda is None or cfg.cuda >= 0) and torch.cuda.is_available():
        return torch.device("cuda", cfg.cuda or 0)
    if cfg.allow_mps and torch.backends.mps.is_available():
        return torch.device("mps")
    return torch.device("cpu")


def without_defaults(decoding: Any) -> dict[str, Any]:
    """What the user changed of a decoding section: the rest stays as the model has it."""
    default = OmegaConf.to_container(OmegaConf.structured(OmegaConf.get_type(decoding)))
    given = OmegaConf.to_container(OmegaConf.create(decoding))
    return {key: value for key, value in given.items() if value != default[key]}


def find_recordings(cfg: Any) -> tuple[Any, list[dict[str, Any]]]:
    """What goes to `transcribe()`, and what is known about each recording."""
    if cfg.audio_dir is not None:
        paths = [str(path) for path in sorted(Path(cfg.audio_dir).rglob(f"*.{cfg.audio_type}"))]
        if not paths:
            raise ValueError(f"{cfg.audio_dir} holds no *.{cfg.audio_type}. Give another folder, or audio_type=SUFFIX.")
        return paths, [{"audio_filepath": path} for path in paths]
    rows = read_manifest_objects(cfg.dataset_manifest)
    if cfg.audio_key == "audio_filepath":
        return cfg.dataset_manifest, rows
    return [get_full_path(row[cfg.audio_key], cfg.dataset_manifest) for row in rows], rows


def transcribe(cfg: Any) -> tuple[list[dict[str, Any]], list[Hypothesis]]:
    """One row for each recording, with its transcript, and the hypotheses."""
    check(cfg)
    audio, rows = find_recordings(cfg)
    model = load_model(cfg)
    wants_times = cfg.compute_timestamps or bool(cfg.timestamps)
    amp = (
        torch.autocast(model.device.type, dtype=getattr(torch, cfg.amp_dtype)) if cfg.amp else contextlib.nullcontext()
    )
    with amp:
        hypotheses = model.transcribe(
            audio,
            batch_size=cfg.batch_size,
            num_workers=cfg.num_workers,
            channel_selector=cfg.channel_selector,
            timestamps=True if wants_times else None,
            return_hypotheses=cfg.preserve_alignment,
            max_seconds=cfg.max_seconds,
        )
    key = f"pred_text_{cfg.pred_name_postfix or type(model).__name__}" if cfg.append_pred else "pred_text"
    for row, hypothesis in zip(rows, hypotheses, strict=True):
        row[key] = str(hypothesis)
        if hypothesis.error is not None:
            row["error"] = hypothesis.error
        if wants_times and isinstance(hypothesis.timestep, dict):
            kinds = [kind for kind in ("char", "word", "segment") if kind in hypothesis.timestep]
            row.update({f"timestamps_{kind}": hypothesis.timestep[kind] for kind in kinds})
        if cfg.compute_langs and hypothesis.langs is not None:
            row["pred_lang"] = hypothesis.langs
    return rows, hypotheses


def output_path(cfg: Any) -> Path:
    """Where the transcripts go."""
    if cfg.output_filename is not None:
        return Path(cfg.output_filename)
    given = Path(cfg.audio_dir or cfg.dataset_manifest)
    model = Path(cfg.model_path).stem if cfg.model_path else cfg.pretrained_name.replace("/", "_")
    return given.with_name(f"{given.stem}_{model}.json")


@hydra_runner(config_name="TranscriptionConfig", schema=TranscriptionConfig)
def main(cfg: TranscriptionConfig) -> Any:
    """Writes the transcripts and returns the configuration, or the transcripts with `return_transcriptions`."""
    check(cfg)
    if cfg.random_seed is not None:
        pl.seed_everything(cfg.random_seed)
    target = output_path(cfg)
    if target.exists() and not cfg.overwrite_transcripts:
        logger.info("%s is there already, and overwrite_transcripts is false: nothing is done", target)
        return cfg
    rows, hypotheses = transcribe(cfg)
    write_manifest(target, rows, ensure_ascii=False)
    logger.info("wrote %d transcripts to %s", len(rows), target)
    if cfg.calculate_wer and all(cfg.gt_text_attr_name in row for row in rows):
        rate = word_error_rate(hypotheses, [row[cfg.gt_text_attr_name] for row in rows], use_cer=cfg.use_cer)
        print(json.dumps({"metric": "cer" if cfg.use_cer else "wer", "value": rate, "recordings": len(rows)}))
    return hypotheses if cfg.return_transcriptions else cfg


if __name__ == "__main__":
    main()
