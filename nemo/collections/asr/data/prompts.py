"""The tokens that tell a Canary model what to do with a recording: the language, the task, the language of the text.

Puvvada et al., 2024, https://arxiv.org/abs/2406.19674. Such a model was trained on texts that begin with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nemo.collections.common.data.manifest import PROMPT_KEYS, ManifestEntry
from nemo.collections.common.exceptions import ManifestError
from nemo.collections.common.tokenizers.canary_tokenizer import CanaryTokenizer
from nemo.utils.exceptions import ConfigError

TASKS = {
    "asr": "transcribe",
    "transcribe": "transcribe",
    "ast": "translate",
    "translate": "translate",
    "s2t_translation": "translate",
}
"""`taskname` of a manifest -> the task's token."""
_YES, _NO = ("yes", "true", "1", "pnc"), ("no", "false", "0", "nopnc")


@dataclass(frozen=True)
class Prompt:
    """What to do with a recording."""

    source_lang: str = "en"
    """Language that is spoken."""
    target_lang: str = "en"
    """Language of the text."""
    task: str = "transcribe"
    """transcribe or translate."""
    pnc: bool = True
    """Write punctuation and capitals."""


def make_prompt(
    source_lang: str | None = None, target_lang: str | None = None, task: str | None = None, pnc: Any = None
) -> Prompt:
    """A prompt of what is known; one language stands for both, none for English, and two make it a translation.

    Args:
        source_lang: that is spoken.
        target_lang: of the text.
        task: a key of :data:`TASKS`.
        pnc: write punctuation and capitals: yes, no, True or False; None: yes.

    Raises:
        ConfigError: a value that is none of these, or a transcription into another language.
    """
    source = source_lang or (target_lang if task is not None and TASKS.get(task) == "transcribe" else None) or "en"
    target = target_lang or source
    if task is None:
        task = "transcribe" if source == target else "translate"
    if task not in TASKS:
        raise ConfigError(f"The task is {task!r}. Expected one of {', '.join(TASKS)}; mend it.")
    if TASKS[task] == "transcribe" and source != target:
        raise ConfigError(
            f"The task is {task!r}, from {source} to {target}. A transcription is in the language that is spoken; set "
            "target_lang to it, or the task to translate."
        )
    return Prompt(source, target, TASKS[task], _as_bool(pnc))


def prompt_of_entry(entry: ManifestEntry, defaults: Mapping[str, Any] | None = None) -> Prompt:
    """The prompt of a line of a manifest.

    Args:
        entry: the line.
        defaults: `source_lang`, `target_lang`, `task` and `pnc` where the line has none; None: it must have them all,
            as lines for training must.

    Raises:
        ManifestError: a key is missing, or has a value that cannot be; names file and line.
    """
    given = {"source_lang": entry.source_lang, "target_lang": entry.target_lang, "task": entry.taskname}
    values: dict[str, Any] = {**given, "pnc": entry.pnc}
    if defaults is None:
        missing = [key for key, value in zip(PROMPT_KEYS, values.values(), strict=True) if value is None]
        if missing:
            raise ManifestError(
                f"{entry.place} has no {', '.join(missing)}. Each line for this model needs {', '.join(PROMPT_KEYS)}, "
                'such as "source_lang": "en", "target_lang": "de", "taskname": "ast", "pnc": "yes".'
            )
    else:
        has_language = entry.source_lang is not None or entry.target_lang is not None
        inherited = {
            key: value
            for key, value in defaults.items()
            # what the line says of languages is not mixed with what was meant for others
            if not (has_language and key in ("source_lang", "target_lang", "task"))
        }
        values = {key: inherited.get(key) if value is None else value for key, value in values.items()}
    try:
        return make_prompt(**values)
    except ConfigError as error:
        raise ManifestError(f"{entry.place}: {error}") from None


def canary_prompt(prompt: Prompt) -> list[str]:
    """Control tokens of the first Canary models."""
    return [
        "<|startoftranscript|>",
        f"<|{prompt.source_lang}|>",
        f"<|{prompt.task}|>",
        f"<|{prompt.target_lang}|>",
        "<|pnc|>" if prompt.pnc else "<|nopnc|>",
    ]


def canary2_prompt(prompt: Prompt) -> list[str]:
    """Control tokens of the later ones (flash, v2), without context, times, speakers or numbers as digits."""
    return [
        "<|startofcontext|>",
        "<|startoftranscript|>",
        "<|emo:undefined|>",
        f"<|{prompt.source_lang}|>",
        f"<|{prompt.target_lang}|>",
        "<|pnc|>" if prompt.pnc else "<|nopnc|>",
        "<|noitn|>",
        "<|notimestamp|>",
        "<|nodiarize|>",
    ]


PROMPT_FORMATS = {"canary": canary_prompt, "canary2": canary2_prompt}
"""`prompt_format` of a model's config."""


def prompt_ids(prompt: Prompt, tokenizer: CanaryTokenizer, prompt_format: str = "canary") -> list[int]:
    """The ids of a prompt's tokens.

    Raises:
        ConfigError: an unknown format, or the tokenizer has no such language or token.
    """
    check_prompt_format(prompt_format)
    return [tokenizer.spl_token_to_id(token) for token in PROMPT_FORMATS[prompt_format](prompt)]


def check_prompt_format(prompt_format: str) -> None:
    """Raises ConfigError if a model's `prompt_format` is none of :data:`PROMPT_FORMATS`."""
    if prompt_format not in PROMPT_FORMATS:
        raise ConfigError(
            f"model.prompt_format is {prompt_format!r}. Expected one of {', '.join(PROMPT_FORMATS)}; mend it."
        )


def _as_bool(pnc: Any) -> bool:
    word = "yes" if pnc is None else str(pnc).lower()
    if word not in (*_YES, *_NO):
        raise ConfigError(f"pnc is {pnc!r}. Expected yes or no: whether to write punctuation and capitals.")
    return word in _YES
