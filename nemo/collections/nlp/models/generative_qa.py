"""Answers that are written instead of marked; for a later release."""

from __future__ import annotations

from typing import Any

from nemo.collections.nlp.models.nlp_model import NLPModel
from nemo.utils.exceptions import NotYetSupportedError


class S2SQAModel(NLPModel):
    """Answers by an encoder and a decoder, such as T5.

    Raises:
        NotYetSupportedError: always, in this release.
    """

    def __init__(self, cfg: Any, trainer: Any = None, no_lm_init: bool = True) -> None:
        raise NotYetSupportedError(_MESSAGE.format(type(self).__name__))


class GPTQAModel(NLPModel):
    """Answers by a language model, such as GPT-2.

    Raises:
        NotYetSupportedError: always, in this release.
    """

    def __init__(self, cfg: Any, trainer: Any = None, no_lm_init: bool = True) -> None:
        raise NotYetSupportedError(_MESSAGE.format(type(self).__name__))


_MESSAGE = (
    "{} writes answers freely, which this release does not. Expected BERTQAModel, which marks them in the text; use "
    "it, with a text encoder under language_model."
)
