"""A config as words of a command line, for scripts that start other scripts."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from omegaconf import DictConfig, OmegaConf


def get_hydra_override_from_config(config: Any = None, exclude_keys: Sequence[str] | None = None) -> str:
    """The overrides that set every value of a config, each with a space before it, quoted for a shell.

    Args:
        config: a DictConfig, dict or dataclass; None: no overrides.
        exclude_keys: places that are left out with all below them: ``model_path``, ``model.optim``.

    Returns:
        Such as `` batch_size=4 decoding.strategy=greedy text='two words'``.
    """
    if config is None:
        return ""
    given = config if isinstance(config, DictConfig) else OmegaConf.create(config)
    excluded = set(exclude_keys or ())
    pairs = _leaves(OmegaConf.to_container(given, resolve=True), (), excluded)
    return "".join(f" {shlex.quote(f'{place}={as_override(value)}')}" for place, value in pairs)


def as_override(value: Any) -> str:
    """How Hydra's grammar of overrides writes a value; strings are quoted where they could be read as another thing."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{key}:{as_override(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(as_override(each) for each in value) + "]"
    if isinstance(value, int | float):
        return str(value)
    return _quoted(str(value))


def _quoted(text: str) -> str:
    is_plain = text and all(character.isalnum() or character in "/_-." for character in text)
    if is_plain and text[0].isalpha() and text.lower() not in ("null", "true", "false", "nan", "inf"):
        return text
    # a backslash counts only before a quote, where it is doubled (Hydra's grammar of quoted values)
    escaped = []
    for part in text.split("'"):
        kept = len(part) - len(part.rstrip("\\"))
        escaped.append(part + "\\" * kept)
    return "'" + "\\'".join(escaped) + "'"


def _leaves(section: Any, place: tuple[str, ...], excluded: set[str]) -> Iterator[tuple[str, Any]]:
    """Places and values of what is no section."""
    for key, value in section.items():
        inner = (*place, str(key))
        name = ".".join(inner)
        if name in excluded or value == "???":
            continue
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, inner, excluded)
        else:
            yield name, value
