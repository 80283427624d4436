"""Whether parts of a config fit one another: labels, numbers of classes, durations, widths of features."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from omegaconf import OmegaConf

from nemo.utils.exceptions import ConfigError

logger = logging.getLogger(__name__)


def check_new_vocabulary(labels: Any) -> None:
    """Raises ConfigError if `labels` are no list of different strings."""
    if not labels:
        raise ConfigError(f"new_vocabulary is {labels!r}; expected a list of labels that is not empty.")
    others = [label for label in labels if not isinstance(label, str)]
    if others:
        raise ConfigError(
            f"new_vocabulary has {others[0]!r}, of type {type(others[0]).__name__}. Expected strings, one for each "
            "class; write it in quotes."
        )
    twice = [label for label, count in Counter(labels).items() if count > 1]
    if twice:
        raise ConfigError(
            f"new_vocabulary has {', '.join(map(repr, twice))} more than once. Expected each label once; remove the "
            "others."
        )


def new_classes(labels: Iterable[Any], present: Sequence[str]) -> list[str]:
    """The classes that `change_labels` is given, as strings; none, with a warning, if they are the present ones.

    Raises:
        ConfigError: no labels, or one stands twice.
    """
    names = [str(label) for label in labels]
    if names == list(present):
        logger.warning("the new labels are the present ones: nothing changes")
        return []
    if not names or len(set(names)) < len(names):
        raise ConfigError(f"new_labels is {names!r}; expected different names, one at least.")
    return names


def other_sizes(cfg: Any, keys: Iterable[str], sizes: Sequence[int]) -> dict[str, int]:
    """The values of those of `keys` that are above 0 and none of `sizes`; below, a number is one to be filled in."""
    given = {key: OmegaConf.select(cfg, key) for key in keys}
    return {key: value for key, value in given.items() if isinstance(value, int) and value > 0 and value not in sizes}


def check_size(cfg: Any, key: str, size: int) -> None:
    """Raises ConfigError if `key` is a number of classes that is not the tokenizer's `size`."""
    for value in other_sizes(cfg, (key,), (size,)).values():
        raise ConfigError(
            f"model.{key} is {value}, but the tokenizer has {size} tokens. Set it to -1 to take the number from the "
            "tokenizer, or give the tokenizer that belongs to the config."
        )


def warn_of_other_sizes(cfg: Any, keys: Iterable[str], sizes: Sequence[int]) -> None:
    """Says which of `keys` are numbers of classes other than `sizes`, the first of which is taken instead.

    A warning only: configs of other models are used with new tokenizers so, and the original takes no notice.
    """
    for key, value in other_sizes(cfg, keys, sizes).items():
        logger.warning(
            "model.%s is %d, but there are %d tokens; %d is taken. Leave the key out, or set it to -1.",
            key,
            value,
            sizes[0],
            sizes[0],
        )


def check_durations(loss: Any, decoding: Any) -> None:
    """Raises ConfigError if an `RNNTLoss` and the config of a decoding have different durations, in frames."""
    for kind, key in (("tdt", "durations"), ("multiblank", "big_blank_durations")):
        of_loss, of_search = list(getattr(loss, key)), list(decoding.get(key) or ())
        if loss.kind == kind and of_loss != of_search:
            raise ConfigError(
                f"model.decoding.{key} is {of_search}, but the loss of the model has {of_loss}. Expected the same: an "
                "output stands for the same frames in both; set both to one key of model_defaults."
            )


def check_features(cfg: Any) -> None:
    """Raises ConfigError if the encoder expects another number of features than the preprocessor gives."""
    preprocessor, encoder = cfg.preprocessor, cfg.encoder
    features, wanted = preprocessor.get("features"), encoder.get("feat_in")
    is_spliced = any((section.get("frame_splicing") or 1) != 1 for section in (preprocessor, encoder))
    if isinstance(features, int) and isinstance(wanted, int) and features != wanted and not is_spliced:
        raise ConfigError(
            f"model.encoder.feat_in is {wanted}, but model.preprocessor.features is {features}. Set feat_in to "
            "${model.preprocessor.features}."
        )
