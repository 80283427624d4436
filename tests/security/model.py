"""A model whose config has a part built and a file opened, as every real model does."""

from __future__ import annotations

from pathlib import Path

import torch

from tests.core.tiny import TinyModel


class ModelWithPart(TinyModel):
    def __init__(self, cfg, trainer=None):
        super().__init__(cfg=cfg, trainer=trainer)
        self.part = self.from_config_dict(self.cfg.part)
        self.words = []
        if self.cfg.get("words_file"):
            self.words = Path(self.register_artifact("words_file", self.cfg.words_file)).read_text().split()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.part(x)
