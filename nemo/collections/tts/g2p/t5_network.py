"""T5 networks by the sizes of a config, by the name of a published one, and back to sizes for an archive."""

from __future__ import annotations

from typing import Any

from omegaconf import DictConfig, OmegaConf
from torch import nn

from nemo.collections.common.text_encoders.lm import published_network
from nemo.core.archive.targets import active_policy
from nemo.utils.exceptions import ConfigError
from nemo.utils.optional import require

_BYT5 = {"d_kv": 64, "vocab_size": 384, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}
BYT5_SIZES = {
    "small": {**_BYT5, "d_model": 1472, "d_ff": 3584, "num_layers": 12, "num_decoder_layers": 4, "num_heads": 6},
    "base": {**_BYT5, "d_model": 1536, "d_ff": 3968, "num_layers": 18, "num_decoder_layers": 6, "num_heads": 12},
    "large": {**_BYT5, "d_model": 1536, "d_ff": 3840, "num_layers": 36, "num_decoder_layers": 12, "num_heads": 16},
    "xl": {**_BYT5, "d_model": 2560, "d_ff": 6720, "num_layers": 36, "num_decoder_layers": 12, "num_heads": 32},
    "xxl": {**_BYT5, "d_model": 4672, "d_ff": 12352, "num_layers": 36, "num_decoder_layers": 12, "num_heads": 64},
}
"""Xue et al., 2022, table 1; archives of the original name the model and keep no sizes."""


def build_t5(name: str, sizes: DictConfig | None) -> Any:
    """A `T5ForConditionalGeneration`, in training mode.

    Args:
        name: on the Hub, or a folder: weights are loaded if there are no sizes. Never while an archive is restored.
        sizes: keys of transformers; the weights are random then.

    Raises:
        ConfigError: the sizes describe no T5, there is no such network, or an archive has no sizes of it.
        MissingDependencyError: transformers is not installed.
    """
    given: Any = None if sizes is None else OmegaConf.to_container(sizes, resolve=True)
    if given is None and active_policy() is not None:
        given = _sizes_of_name(name)
    if given is None:
        return published_network(name, "T5ForConditionalGeneration", "model.model_name")
    transformers = require("transformers", extra="nlp", purpose="T5G2PModel")
    given = {"decoder_start_token_id": 0, **given}
    try:
        network = transformers.T5ForConditionalGeneration(transformers.T5Config(**given))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"model.config describes no T5 ({error}). Expected sizes with the keys of transformers, such as "
            "{d_model: 256, d_kv: 64, d_ff: 512, num_layers: 3, num_heads: 4, vocab_size: 384}; mend them."
        ) from error
    if given.get("tie_word_embeddings") is False:  # transformers ties them whatever the config says
        network.lm_head = nn.Linear(network.config.d_model, network.config.vocab_size, bias=False)
    return network.train()


def sizes_of(network: Any) -> dict[str, Any]:
    """What :func:`build_t5` needs to build a network like this one."""
    content: dict[str, Any] = network.config.to_diff_dict()
    for key in ("transformers_version", "model_type", "architectures", "dtype", "torch_dtype", "scale_decoder_outputs"):
        content.pop(key, None)
    content["tie_word_embeddings"] = network.lm_head.weight is network.shared.weight
    return {key: value for key, value in content.items() if isinstance(value, (bool, int, float, str))}


def _sizes_of_name(name: str) -> dict[str, Any]:
    family, _, size = name.rpartition("/")[2].partition("-")
    if family != "byt5" or size not in BYT5_SIZES:
        raise ConfigError(
            f"model.model_name is {name!r}, and the archive has no model.config with its sizes, which are known here "
            f"only of {', '.join(f'google/byt5-{size}' for size in BYT5_SIZES)}. Expected model.config; give "
            "override_config_path a config that has it."
        )
    return BYT5_SIZES[size]
