"""Which text normaliser a config's `text_normalizer` gets."""

from __future__ import annotations

import functools
import importlib.util
import logging
from collections.abc import Callable
from typing import Any

from omegaconf import DictConfig, OmegaConf

from nemo.collections.tts.text.normalization.english import EnglishNormalizer
from nemo.core.classes.serialization import instantiate

logger = logging.getLogger(__name__)

PACKAGE = "nemo_text_processing"
_told: set[str] = set()


def build_normalizer(section: DictConfig | None, call_arguments: Any = None) -> Callable[[str], str] | None:
    """Text -> text in words, or None if there is no way.

    Where the section names a class of `nemo_text_processing` and that is not installed, English is normalised by
    :class:`~nemo.collections.tts.text.normalization.english.EnglishNormalizer`, and other languages are not. Both are
    said once in the log.

    Args:
        section: `text_normalizer` of a model; None: no normaliser.
        call_arguments: `text_normalizer_call_kwargs`: goes to each call.
    """
    if section is None:
        return None
    arguments: Any = OmegaConf.to_container(call_arguments, resolve=True) if call_arguments else {}
    target = str(section.get("_target_", ""))
    if target.startswith(f"{PACKAGE}.") and importlib.util.find_spec(PACKAGE) is None:
        language = str(section.get("lang") or "en")
        if language != "en":
            _tell_once(
                logging.WARNING,
                f"{PACKAGE} is not installed and the built-in normaliser has no {language!r}: numbers and "
                f"abbreviations are not written out. Install it with: pip install {PACKAGE}",
            )
            return None
        _tell_once(
            logging.INFO,
            f"{PACKAGE} is not installed: the built-in English normaliser writes numbers, dates, money, units and "
            "abbreviations out",
        )
        normalizer: Any = EnglishNormalizer()
        arguments = {}  # they choose the other's ways with punctuation
    else:
        normalizer = instantiate(section, "model.text_normalizer")

    return functools.partial(normalizer.normalize, **arguments)


def _tell_once(level: int, message: str) -> None:
    if message not in _told:
        _told.add(message)
        logger.log(level, message)
