"""Forced alignment: when each word of a known text was spoken, with a CTC model; CTM, TextGrid, subtitles.

    python forced_align.py model_path=model.nemo manifest_filepath=texts.json output_dir=aligned
    python forced_align.py ... 'save_output_file_formats=[ctm,textgrid,srt]' batch_size=8

The manifest has ``audio_filepath`` and ``text`` in each line. One file for each recording and format is written, and
OUTPUT_DIR/MANIFEST_with_output_file_paths.json, which says where they are, and why a recording was not aligned.
"""

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from nemo.collections.asr.decoding.hypothesis import Hypothesis
from nemo.collections.asr.inference.forced_aligner import ForcedAligner
from nemo.collections.asr.inference.segment_files import Recording, write_segments
from nemo.collections.asr.inference.segment_files.by_format import FORMATS
from nemo.collections.asr.inference.segments import segments_of
from nemo.collections.asr.inference.transcribe_config import TranscribeConfig
from nemo.collections.asr.models import ASRModel
from nemo.collections.common.data.manifest import read_manifest, read_manifest_objects, write_manifest
from nemo.core.config import hydra_runner

logger = logging.getLogger("nemo.scripts")


@dataclass
class AlignmentConfig:
    """What to align, with what."""

    model_path: str | None = None  # a .nemo file, or ...
    pretrained_name: str | None = None  # ... the name of a published model
    manifest_filepath: str | None = None
    output_dir: str | None = None
    batch_size: int = 1
    transcribe_device: str | None = None  # null: the GPU if there is one
    use_local_attention: bool = True  # of a Conformer: memory for hours of audio
    align_using_pred_text: bool = False  # align what the model hears, not the manifest's texts
    additional_segment_grouping_separator: Any = None  # further ends of segments beside . ! ?
    audio_filepath_parts_in_utt_id: int = 1  # parts of a path, from its end, that name the files
    save_output_file_formats: list[str] = field(default_factory=lambda: ["ctm", "textgrid"])


def check(cfg: Any) -> None:
    """Raises a ValueError unless everything is there that is needed."""
    if (cfg.model_path is None) == (cfg.pretrained_name is None):
        raise ValueError("Give one of model_path=FILE.nemo and pretrained_name=NAME.")
    for key in ("manifest_filepath", "output_dir"):
        if cfg[key] is None:
            raise ValueError(f"{key} is missing. Give {key}=...")
    unknown = sorted(set(cfg.save_output_file_formats) - set(FORMATS))
    if unknown:
        raise ValueError(f"save_output_file_formats has {unknown}; it may have {', '.join(FORMATS)}.")


def load_model(cfg: Any) -> ASRModel:
    """The model on its device, with local attention where that is asked for and possible."""
    device = cfg.transcribe_device or ("cuda" if torch.cuda.is_available() else "cpu")
    if cfg.model_path is not None:
        model = ASRModel.restore_from(cfg.model_path, map_location=device)
    else:
        model = ASRModel.from_pretrained(cfg.pretrained_name, map_location=device)
    if cfg.use_local_attention and getattr(model.encoder, "self_attention_model", None) == "rel_pos":
        model.change_attention_model("rel_pos_local_attn", [64, 64])
    separators = cfg.additional_segment_grouping_separator
    if separators:
        more = [separators] if isinstance(separators, str) else list(separators)
        model.change_decoding_strategy({**model.cfg.decoding, "segment_seperators": [".", "!", "?", *more]})
    return model.eval()


def names_of(paths: list[str], parts: int) -> list[str]:
    """A name for the files of each recording: the last parts of its path, without spaces, and each only once."""
    names: list[str] = []
    for path in paths:
        name = "_".join(Path(path).with_suffix("").parts[-parts:]).replace(" ", "-").strip("/")
        count = names.count(name)
        names.append(f"{name}_{count + 1}" if count else name)
    return names


def write_files(cfg: Any, row: dict[str, Any], name: str, hypothesis: Hypothesis) -> dict[str, Any]:
    """Writes the files of one recording; returns its line of the output manifest."""
    if hypothesis.error is not None:
        return {**row, "error": hypothesis.error}
    segments = segments_of(hypothesis)
    recording = Recording(name, hypothesis.duration, {**row, "pred_text": str(hypothesis)})
    written = {}
    for kind in cfg.save_output_file_formats:
        folder = Path(cfg.output_dir) / kind
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}{FORMATS[kind].suffix}"
        write_segments(path, segments, kind, recording)
        written[f"{kind}_filepath"] = str(path)
    return {**row, **written, "alignment_score": hypothesis.score}


@hydra_runner(config_name="AlignmentConfig", schema=AlignmentConfig)
def main(cfg: AlignmentConfig) -> None:
    """Aligns a manifest."""
    check(cfg)
    rows = read_manifest_objects(cfg.manifest_filepath)
    entries = read_manifest(cfg.manifest_filepath, require_duration=False)
    model = load_model(cfg)
    heard = TranscribeConfig(batch_size=cfg.batch_size)
    if cfg.align_using_pred_text:
        texts = [str(text) for text in model.transcribe(cfg.manifest_filepath, override_config=heard)]
    else:
        texts = [entry.text for entry in entries]
    hypotheses = ForcedAligner(model, heard).align(cfg.manifest_filepath, texts)
    Path(cfg.output_dir).mkdir(parents=True, exist_ok=True)
    names = names_of([str(entry.audio_file) for entry in entries], cfg.audio_filepath_parts_in_utt_id)
    output = [
        write_files(cfg, row, name, hypothesis) for row, name, hypothesis in zip(rows, names, hypotheses, strict=True)
    ]
    target = Path(cfg.output_dir) / f"{Path(cfg.manifest_filepath).stem}_with_output_file_paths.json"
    write_manifest(target, output, ensure_ascii=False)
    logger.info("aligned %d of %d recordings: %s", sum("error" not in row for row in output), len(output), target)


if __name__ == "__main__":
    main()
