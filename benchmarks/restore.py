"""Restoring a model from a 100 MB archive, against reading the weights with torch.load and load_state_dict.

The reference loads into a model that is there already; restoring builds one, after checking all of the archive. The
file is in the system's cache for both. Run: ``python -m benchmarks.restore``.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch
from omegaconf import OmegaConf

from benchmarks.measure import compare, emit_ratio
from nemo.core.classes.model_pt import ModelPT

LIMIT = 1.3
WIDTH, LAYERS = 1024, 24


class Stack(ModelPT):
    """Linear layers, 4 MB each."""

    def __init__(self, cfg, trainer=None):
        """Builds them."""
        super().__init__(cfg, trainer)
        self.layers = torch.nn.Sequential(*(torch.nn.Linear(cfg.width, cfg.width) for _ in range(cfg.layers)))

    @classmethod
    def list_available_models(cls):
        """None is published."""
        return []


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        archive, safetensors = Path(folder) / "model.nemo", Path(folder) / "safetensors.nemo"
        weights = Path(folder) / "weights.ckpt"
        model = Stack(OmegaConf.create({"width": WIDTH, "layers": LAYERS}))
        model.save_to(str(archive))
        model.save_to(str(safetensors), safetensors=True)
        torch.save(model.state_dict(), weights)

        def bare() -> None:
            model.load_state_dict(torch.load(weights, weights_only=True))

        timings = compare(
            {
                "restore": lambda: Stack.restore_from(str(archive), map_location="cpu"),
                "safetensors": lambda: Stack.restore_from(str(safetensors), map_location="cpu"),
                "bare": bare,
            },
            repetitions=15,
            warmup=2,
        )
        emit_ratio(
            "restore_100mb",
            timings["restore"],
            timings["bare"],
            limit=LIMIT,
            megabytes=archive.stat().st_size / 1e6,
            safetensors_ratio=timings["safetensors"].median / timings["bare"].median,
        )


if __name__ == "__main__":
    main()
