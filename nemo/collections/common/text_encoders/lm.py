"""Text encoders by the `language_model` section of a config: from its sizes, from a file, or by a published name."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from nemo.collections.common.text_encoders.encoder import BertEncoder
from nemo.core.archive.side_files import read_json
from nemo.core.archive.targets import active_policy
from nemo.utils.exceptions import ConfigError, NotYetSupportedError
from nemo.utils.optional import require

logger = logging.getLogger(__name__)

_FAMILIES = {
    **{name: name for name in ("distilbert", "xlm-roberta", "roberta", "camembert", "albert", "mobilebert")},
    **{"squeezebert": "squeezebert", "deberta-v3": "deberta-v2", "deberta-v2": "deberta-v2", "deberta": "deberta"},
    **{name: name for name in ("electra", "modernbert", "mpnet", "xlnet", "longformer", "funnel", "gpt2", "bert")},
}
"""Part of a published name -> architecture of transformers; of several the first counts."""

_NOT_SIZES = (
    "auto_map", "custom_pipelines", "transformers_version", "torch_dtype", "dtype", "quantization_config",
    "attn_implementation", "_attn_implementation", "experts_implementation", "_experts_implementation", "_commit_hash",
)  # fmt: skip
"""Keys of a saved config that say where it was saved and how it ran; some could fetch programs. None is used."""

_PUBLISHED = (
    "albert-base-v1", "albert-base-v2", "albert-large-v1", "albert-large-v2", "albert-xlarge-v1", "albert-xlarge-v2",
    "albert-xxlarge-v1", "albert-xxlarge-v2", "bert-base-cased", "bert-base-chinese", "bert-base-german-cased",
    "bert-base-multilingual-cased", "bert-base-multilingual-uncased", "bert-base-uncased", "bert-large-cased",
    "bert-large-cased-whole-word-masking", "bert-large-uncased", "bert-large-uncased-whole-word-masking",
    "camembert-base", "distilbert-base-cased", "distilbert-base-multilingual-cased", "distilbert-base-uncased",
    "distilroberta-base", "roberta-base", "roberta-large",
)  # fmt: skip
_MEGATRON = (
    "megatron-bert-345m-uncased", "megatron-bert-345m-cased", "megatron-bert-uncased", "megatron-bert-cased",
    "biomegatron-bert-345m-uncased", "biomegatron-bert-345m-cased",
)  # fmt: skip


def get_pretrained_lm_models_list(include_external: bool = False) -> list[str]:
    """Names of published encoders, sorted.

    Args:
        include_external: also Megatron's, which need a checkpoint of their own.
    """
    return sorted([*_PUBLISHED, *(_MEGATRON if include_external else ())])


def get_lm_model(
    config_dict: Mapping[str, Any] | DictConfig | None = None,
    config_file: str | os.PathLike[str] | None = None,
    vocab_file: str | os.PathLike[str] | None = None,
    trainer: Any = None,
    cfg: DictConfig | Mapping[str, Any] | None = None,
    *,
    pretrained_model_name: str | None = None,
    checkpoint_file: str | os.PathLike[str] | None = None,
) -> BertEncoder:
    """Builds an encoder, with the arguments of either release of the original.

    A config file or sizes give random weights and never ask the Hub. With neither, the published model of that name is
    loaded: from the Hub's cache, or from the Hub where it may be asked.

    Args:
        config_dict: sizes of the encoder, keys of transformers; `model_type` is taken from the name if it is missing.
        config_file: JSON file with the same; counts before `config_dict`.
        vocab_file: accepted for the original's sake; the sizes say how many tokens there are.
        trainer: accepted for the original's sake.
        cfg: a model's whole config, of whose `language_model` the name and `lm_checkpoint` are read.
        pretrained_model_name: name on the Hub, or a folder; counts before that of `cfg`.
        checkpoint_file: weights to load afterwards; counts before `cfg`'s.

    Raises:
        ConfigError: neither a config nor a name, an architecture that is not known, or no model of that name to be had.
        MissingDependencyError: transformers is not installed.
        NotYetSupportedError: a name of Megatron without a config.
    """
    section = _section(cfg)
    name = pretrained_model_name or section.get("pretrained_model_name") or ""
    checkpoint = checkpoint_file or section.get("lm_checkpoint")
    config_file = config_file or section.get("config_file")
    config_dict = config_dict or section.get("config")
    given = _given_config(config_file, config_dict)
    if given is not None:
        encoder = _from_config(given, str(name))
    elif name:
        encoder = _published(str(name))
    else:
        raise ConfigError(
            "model.language_model names no encoder. Expected pretrained_model_name (bert-base-uncased), config_file or "
            "config with its sizes; set one of them."
        )
    if checkpoint:
        encoder.restore_weights(checkpoint)
    return encoder


def _section(cfg: Any) -> Mapping[str, Any]:
    section = cfg.get("language_model") if cfg is not None else None
    return section if section is not None else {}


def _given_config(config_file: Any, config_dict: Any) -> dict[str, Any] | None:
    if config_file:
        path = Path(config_file).expanduser()
        if not path.is_file():
            raise ConfigError(
                f"model.language_model.config_file is {path}, which does not exist. Expected a JSON file with the "
                "encoder's sizes; check the path, or set it to null."
            )
        content = read_json(path)
        if not isinstance(content, dict):
            raise ConfigError(f"{path} holds a {type(content).__name__}; expected a JSON object with the sizes.")
        return content
    if config_dict:
        plain = OmegaConf.to_container(OmegaConf.create(config_dict), resolve=True)
        assert isinstance(plain, dict)
        return {str(key): value for key, value in plain.items()}
    return None


def _from_config(given: dict[str, Any], name: str) -> BertEncoder:
    transformers = require("transformers", extra="nlp", purpose="An encoder of text")
    kind = given.pop("model_type", None) or _family(name)
    sizes = {key: value for key, value in given.items() if key not in _NOT_SIZES}
    try:
        config = transformers.AutoConfig.for_model(kind, **sizes)
        network = transformers.AutoModel.from_config(config)
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"model.language_model.config describes no encoder of the kind {kind!r} ({error}). Expected sizes with the "
            "keys of transformers, and model_type where the name does not say the kind; mend them."
        ) from error
    return BertEncoder(network.train(), name)


def _family(name: str) -> str:
    """The architecture that a name stands for."""
    known = next((kind for part, kind in _FAMILIES.items() if part in name.lower()), None)
    if known is None:
        raise ConfigError(
            f"model.language_model.config has no model_type, and the name {name!r} says none. Expected an architecture "
            "of transformers, such as bert or roberta; add model_type to config."
        )
    return known


def _published(name: str) -> BertEncoder:
    """The encoder of a name or folder, with its weights."""
    if name in _MEGATRON:
        raise NotYetSupportedError(
            f"model.language_model.pretrained_model_name is {name}, of which only the tokenizer is known here. Set "
            "config_file or config to its sizes and lm_checkpoint to its weights, or use bert-large-uncased."
        )
    return BertEncoder(published_network(name, "AutoModel", "model.language_model.pretrained_model_name"), name)


def published_network(name: str, kind: str, where: str) -> Any:
    """A network with its weights, in training mode, from a folder, the Hub's cache, or the Hub where it may be asked.

    Args:
        name: on the Hub, or a folder.
        kind: the class of transformers that loads it: `AutoModel`.
        where: the key that has the name, for messages.

    Raises:
        ConfigError: there is none to be had.
        MissingDependencyError: transformers is not installed.
    """
    source = getattr(require("transformers", extra="nlp", purpose=f"The network {name}"), kind)
    try:
        network = source.from_pretrained(name, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError) as error:
        if not _may_ask_hub() or os.path.isdir(name):
            raise ConfigError(_nowhere(name, where, str(error))) from error
        try:
            network = source.from_pretrained(name, trust_remote_code=False)
        except (OSError, ValueError) as of_hub:
            raise ConfigError(_nowhere(name, where, str(of_hub))) from of_hub
    return network.train()


def _may_ask_hub() -> bool:
    """False while an archive is restored, and where the user said so."""
    from huggingface_hub import constants

    return active_policy() is None and not constants.HF_HUB_OFFLINE


def _nowhere(name: str, where: str, reason: str) -> str:
    first_line = (reason.strip() or "no reason given").splitlines()[0]
    return (
        f"{where} is {name!r}, and there is no such network in the Hub's cache nor, where it may be asked, on the Hub "
        f"({first_line}). Expected a published name or a folder. Without a network (HF_HUB_OFFLINE=1) it must be in "
        f"the cache; or set {where.rpartition('.')[0]}.config to sizes, and start from random weights."
    )
