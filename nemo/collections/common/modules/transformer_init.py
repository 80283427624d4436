"""Weights of transformers before training."""

from __future__ import annotations

from torch import nn


def transformer_weights_init(module: nn.Module, std_init_range: float = 0.02, xavier: bool = True) -> None:
    """Gives one module its first weights; for ``model.apply``.

    Args:
        module: linear layers, embeddings and layer norms are set, others left alone.
        std_init_range: standard deviation of embeddings, and of linear layers without `xavier`.
        xavier: linear layers by Glorot and Bengio, 2010, uniform.
    """
    if isinstance(module, nn.Linear):
        if xavier:
            nn.init.xavier_uniform_(module.weight)
        else:
            nn.init.normal_(module.weight, mean=0.0, std=std_init_range)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.Embedding):
        nn.init.normal_(module.weight, mean=0.0, std=std_init_range)
    elif isinstance(module, nn.LayerNorm):
        nn.init.ones_(module.weight)
        nn.init.zeros_(module.bias)
