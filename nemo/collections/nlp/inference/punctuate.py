"""Punctuation and capitals for texts of any length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nemo.collections.nlp.data.word_windows import WindowShape
from nemo.collections.nlp.inference.evaluation_mode import evaluation_mode
from nemo.collections.nlp.inference.word_scores import word_log_probs
from nemo.utils.exceptions import ConfigError


def punctuation_labels(
    model: Any,
    texts: Sequence[Sequence[str]],
    shape: WindowShape,
    batch_size: int | None = None,
    dataloader_kwargs: Mapping[str, Any] | None = None,
) -> list[tuple[list[str], list[str]]]:
    """The labels of each word: punctuation after it, and capitalization.

    Args:
        model: a PunctuationCapitalizationModel.
        texts: words of each text.
        shape: windows over them.
        batch_size: windows computed together; None: as many as there are texts.
        dataloader_kwargs: more options of the DataLoader.

    Raises:
        ConfigError: windows longer than the encoder's positions, or a batch size below 1.
    """
    size = len(texts) if batch_size is None else batch_size
    if size < 1:
        if not texts:
            return []
        raise ConfigError(f"batch_size is {batch_size}. Expected 1 or more, or None.")
    with evaluation_mode(model):
        scores = word_log_probs(
            lambda ids, mask, segments: model.forward(input_ids=ids, attention_mask=mask, token_type_ids=segments),
            texts,
            model.tokenizer,
            shape,
            batch_size=size,
            device=model.device,
            max_length=model.max_length,
            loader_options=dataloader_kwargs,
        )
    names = (model.punct_labels, model.capit_labels)
    found = []
    for heads in scores:
        best = [head.argmax(axis=-1) for head in heads] or [[], []]
        marks, cases = ([labels[number] for number in chosen] for labels, chosen in zip(names, best, strict=True))
        found.append((marks, cases))
    return found


def written_out(words: Sequence[str], marks: Sequence[str], cases: Sequence[str], pad_label: str) -> str:
    """The text that words and labels stand for."""
    spelled = [
        (word if case == pad_label else word.capitalize()) + ("" if mark == pad_label else mark)
        for word, mark, case in zip(words, marks, cases, strict=True)
    ]
    return " ".join(spelled)


def as_label_line(marks: Sequence[str], cases: Sequence[str]) -> str:
    """The labels of a text as a line of a labels file: `OU ,O .U`."""
    return " ".join(f"{mark}{case}" for mark, case in zip(marks, cases, strict=True))
