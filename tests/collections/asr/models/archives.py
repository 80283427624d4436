"""Archives of the original among the tests' data, and the recordings that their results belong to."""

from pathlib import Path

import numpy as np
import torch

from nemo.collections.asr.models import ASRModel

COMPAT = Path(__file__).parents[3] / "data" / "compat"


def restored(name):
    """A restored model, its input (audio [B, T], lengths [B]) and the recorded arrays."""
    model = ASRModel.restore_from(str(COMPAT / f"{name}.nemo"), map_location="cpu").eval()
    with np.load(COMPAT / f"{name}.out.npz") as arrays, np.load(COMPAT / "inputs_pub_16000.npz") as common:
        recorded = dict(arrays)
        rows = len(recorded["features_len"])
        lengths = torch.tensor(common["audio_len"][:rows].astype("int64"))
        audio = torch.tensor(common["audio"][:rows, : int(lengths.max())].astype("float32") / 32768)
    return model, audio, lengths, recorded
