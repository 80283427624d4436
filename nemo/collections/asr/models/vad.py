"""Models of voice activity by path or name, as the original's scripts get them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nemo.collections.asr.models.classification import EncDecClassificationModel
from nemo.collections.asr.models.frame_classification import EncDecFrameClassificationModel


def init_vad_model(model_path: str) -> EncDecClassificationModel:
    """A classifier of recordings from a `.nemo` file, a checkpoint of Lightning, or the name of a published model."""
    return _restored(EncDecClassificationModel, model_path)


def init_frame_vad_model(model_path: str) -> EncDecFrameClassificationModel:
    """A frame classifier from a `.nemo` file, a checkpoint of Lightning, or the name of a published model."""
    return _restored(EncDecFrameClassificationModel, model_path)


def _restored(kind: Any, path: str) -> Any:
    suffix = Path(path).suffix
    if suffix == ".nemo":
        return kind.restore_from(restore_path=path)
    return kind.load_from_checkpoint(path) if suffix == ".ckpt" else kind.from_pretrained(model_name=path)
