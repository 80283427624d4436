"""The parts of a model that a config names."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable

from torch import nn

from nemo.utils.exceptions import ConfigError


def named_parts(model: nn.Module, names: Iterable[str], where: str) -> dict[str, nn.Module]:
    """Modules of `model` by their dotted names; `*` stands for any name between two dots.

        named_parts(model, ["encoder.layers.*"], "model.compile.modules")

    Args:
        model: the model.
        names: `encoder`, `encoder.layers.0`, `encoder.layers.*`.
        where: the config key that gives the names, for messages.

    Raises:
        ConfigError: a name stands for no module.
    """
    known = {name: module for name, module in model.named_modules() if name}
    found: dict[str, nn.Module] = {}
    for name in names:
        matching = {key: module for key, module in known.items() if _matches(key, name)}
        if not matching:
            children = ", ".join(child for child, _ in model.named_children())
            raise ConfigError(
                f"{where} names {name!r}, which {type(model).__name__} does not have. Expected one of {children}, or "
                "a part of these by its dotted name; correct the name or remove it."
            )
        found.update(matching)
    return found


def _matches(name: str, pattern: str) -> bool:
    parts, wanted = name.split("."), pattern.split(".")
    return len(parts) == len(wanted) and all(map(fnmatch.fnmatchcase, parts, wanted))
