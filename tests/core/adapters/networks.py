"""A network whose blocks take adapters, a model of it, and an adapter."""

from __future__ import annotations

import torch
from torch import nn

from nemo.core.adapters.model_adapters import AdapterModelPTMixin
from nemo.core.adapters.module_adapters import AdapterModuleMixin
from nemo.core.adapters.strategies.residual_add import ResidualAddAdapterStrategy
from nemo.core.classes.model_pt import ModelPT
from nemo.core.classes.neural_module import NeuralModule
from nemo.core.classes.serialization import instantiate, plain_config

WIDTH = 4
ADAPTER = f"{__name__}.ScalingAdapter"


class ScalingAdapter(NeuralModule):
    """`scale * x`, so that what a stack of them gives can be computed by hand."""

    def __init__(self, in_features=WIDTH, scale=1.0, adapter_strategy=None):
        super().__init__()
        self.scale = nn.Parameter(torch.full((in_features,), float(scale)))
        if adapter_strategy is None:
            adapter_strategy = ResidualAddAdapterStrategy()
        elif not callable(adapter_strategy):
            adapter_strategy = instantiate(plain_config(adapter_strategy))
        self.adapter_strategy = adapter_strategy

    def forward(self, x):
        return self.scale * x


class SpecialAdapter(ScalingAdapter):
    """A kind that a module may ask for."""


class Block(NeuralModule, AdapterModuleMixin):
    """Doubles its input."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(WIDTH, WIDTH, bias=False)
        self.norm = nn.BatchNorm1d(WIDTH)
        with torch.no_grad():
            self.linear.weight.copy_(2 * torch.eye(WIDTH))

    def forward(self, x):
        """[B, D] -> [B, D]."""
        return self.forward_enabled_adapters(self.norm(self.linear(x)))


class Encoder(NeuralModule, AdapterModuleMixin):
    """Two blocks, which have the adapters."""

    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([Block(), Block()])

    def adapter_places(self):
        return self.blocks

    def forward(self, x):
        for block in self.blocks:
            x = block(x)
        return x


class AdaptableModel(ModelPT, AdapterModelPTMixin):
    """An encoder and a decoder with adapters, and a head without."""

    def __init__(self, cfg, trainer=None):
        super().__init__(cfg=cfg, trainer=trainer)
        self.encoder = Encoder()
        self.decoder = Block()
        self.head = nn.Linear(WIDTH, 1)
        self.setup_adapters()

    @property
    def adapter_module_names(self):
        return ["", "encoder", "decoder", "head"]

    @property
    def default_adapter_module_name(self):
        return "encoder"

    def forward(self, x):
        return self.head(self.decoder(self.encoder(x)))

    def training_step(self, batch, batch_idx):
        x, y = batch
        return nn.functional.mse_loss(self(x), y)

    def validation_step(self, batch, batch_idx):
        """Nothing is measured."""

    @classmethod
    def list_available_models(cls):
        return []


def section(**more):
    """The section of an adapter."""
    return {"_target_": ADAPTER, **more}
