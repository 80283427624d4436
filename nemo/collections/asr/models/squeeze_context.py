"""How much of an utterance the squeeze-and-excitation layers of a trained convolutional model look at."""

from __future__ import annotations

from typing import Any

from omegaconf import open_dict

from nemo.utils.exceptions import ConfigError


def change_conv_asr_se_context_window(model: Any, context_window: int, update_config: bool = True) -> None:
    """Sets the context of every squeeze-and-excitation of a model's encoder, for its further training.

    Args:
        model: such as a Citrinet or ContextNet.
        context_window: frames of each layer's input; not above 0: all frames.
        update_config: whether the model's config, and with it its archive, says so too.

    Raises:
        ConfigError: the encoder has no such layers.
    """
    change = getattr(model.encoder, "change_se_context_window", None)
    if change is None:
        raise ConfigError(
            f"{type(model.encoder).__name__} has no squeeze-and-excitation. Expected a ConvASREncoder; leave this out."
        )
    change(context_window)
    if update_config:
        with open_dict(model.cfg):
            for block in model.cfg.encoder.jasper:
                block.se_context_size = int(context_window)
