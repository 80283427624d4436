"""What a file takes and gives that FastPitch is exported to; the names and their order are the original's.

text, pitch, pace [B, U] (, volume [B, U]) (, speaker [B]) (, reference_spec [B, D, R], reference_spec_lens [B])
-> spect [B, D, F], num_frames [B], durs_predicted, log_durs_predicted, pitch_predicted [B, U] (, volume_aligned [B, F])
B batch, U tokens, D mel bands, F frames, R frames of a recording of the voice.

Tokens are repeated by their durations inside, so the number of frames is whatever the text needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from nemo.core.neural_types import (
    Index,
    LengthsType,
    MelSpectrogramType,
    NeuralType,
    RegressionValuesType,
    TokenDurationType,
    TokenIndex,
    TokenLogDurationType,
)
from nemo.utils.exceptions import ExportError

if TYPE_CHECKING:
    from nemo.collections.tts.models.fastpitch import FastPitchModel

REFERENCE_FRAMES = 120
"""Of the recording in the example."""


def input_types(model: FastPitchModel) -> dict[str, NeuralType]:
    """The inputs of the exported file, in order."""
    of_tokens = NeuralType(("B", "T"), RegressionValuesType())
    types = {"text": NeuralType(("B", "T"), TokenIndex()), "pitch": of_tokens, "pace": of_tokens}
    if _takes_volume(model):
        types["volume"] = of_tokens
    if model.cfg.n_speakers > 1:
        types["speaker"] = NeuralType(tuple("B"), Index())
    if model.fastpitch.hears_voices:
        types["reference_spec"] = NeuralType(("B", "D", "T"), MelSpectrogramType())
        types["reference_spec_lens"] = NeuralType(tuple("B"), LengthsType())
    return types


def output_types(model: FastPitchModel) -> dict[str, NeuralType]:
    """The outputs of the exported file, in order."""
    types = {
        "spect": NeuralType(("B", "D", "T"), MelSpectrogramType()),
        "num_frames": NeuralType(tuple("B"), TokenDurationType()),
        "durs_predicted": NeuralType(("B", "T"), TokenDurationType()),
        "log_durs_predicted": NeuralType(("B", "T"), TokenLogDurationType()),
        "pitch_predicted": NeuralType(("B", "T"), RegressionValuesType()),
    }
    if _takes_volume(model):
        types["volume_aligned"] = NeuralType(("B", "T"), RegressionValuesType())
    return types


def input_example(model: FastPitchModel, max_batch: int, max_dim: int) -> dict[str, Tensor]:
    """Random tokens, spoken as the model would."""
    device, size = model.device, (max_batch, max_dim)
    inputs = {
        "text": torch.randint(0, model.vocab.pad, size, device=device),
        "pitch": torch.zeros(size, device=device),
        "pace": torch.ones(size, device=device),
        "volume": torch.ones(size, device=device),
        "speaker": torch.zeros(max_batch, dtype=torch.long, device=device),
        "reference_spec": torch.randn(max_batch, model.cfg.preprocessor.features, REFERENCE_FRAMES, device=device),
        "reference_spec_lens": torch.full((max_batch,), REFERENCE_FRAMES, device=device),
    }
    return {name: inputs[name] for name in input_types(model)}


def _takes_volume(model: FastPitchModel) -> bool:
    options = model.get_export_config()
    if _is_on(options.get("enable_ragged_batches")):
        raise ExportError(
            "export_config.enable_ragged_batches is true, and FastPitch is exported for padded batches only. Set it to "
            "false, and fill texts up with the tokenizer's pad."
        )
    return _is_on(options.get("enable_volume"))


def _is_on(value: object) -> bool:
    return str(value).lower() == "true"  # the command line gives text
