"""What is wrong with a configuration, said with the key, the file, the line, and what to write instead."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from nemo.core.config.keys import dotted_keys, missing_keys, nearest_key
from nemo.core.config.places import ConfigPlaces, described_field
from nemo.utils.exceptions import ConfigError


def explain_missing(
    error: OmegaConfBaseException, config: DictConfig, places: ConfigPlaces, schema: Any = None
) -> ConfigError:
    """Names the key that is still `???`, what it is for, where it stands, and the override that sets it.

    Args:
        error: what reading the key raised.
        config: the whole configuration.
        places: where its keys stand.
        schema: the dataclass of the configuration, if there is one.
    """
    key = str(error.full_key or error.key)
    unset = missing_keys(config)
    named = [each for each in unset if each == key or each.endswith(f".{key}")]
    named += [each for each in unset if each in str(error)]  # what an interpolation led to
    full = named[0] if named else key
    where = places.find(full) or "the configuration"
    lines = [
        f"{full} has to be given{_purpose(full, places, schema)} (it is ??? in {where}). "
        f"Set it in the file or on the command line: {full}=VALUE."
    ]
    others = [each for each in unset if each != full]
    if others:
        lines.append("Also not set: " + ", ".join(f"{each}{_purpose(each, places, schema)}" for each in others) + ".")
    return ConfigError("\n".join(lines))


def _purpose(key: str, places: ConfigPlaces, schema: Any) -> str:
    place = places.find(key)
    said = place.comment if place is not None else None
    if said is None and schema is not None:
        said = described_field(schema, key)
    return f": {said.rstrip('.')}" if said else ""


def say_where(error: ConfigError, places: ConfigPlaces) -> None:
    """Adds to a message the file and line of each key that it names."""
    named = places.named_in(str(error))
    if named and error.args:
        lines = [f"  {key}: {place}" for key, place in named.items()]
        error.args = ("\n".join([str(error.args[0]), *lines]), *error.args[1:])


def explain_composition(error: Exception, file: Path, schema: Any = None) -> str:
    """What Hydra said; where the file has keys that the dataclass does not have, all of them and which were meant."""
    unknown = _unknown_keys(file, schema) if schema is not None else []
    if unknown:
        return "\n".join(unknown)
    message = str(error)
    if error.__cause__ is not None and str(error.__cause__) not in message:
        message = f"{message}\n{error.__cause__}"
    return message


def _unknown_keys(file: Path, schema: Any) -> list[str]:
    """A line for each key of the file that the dataclass does not have."""
    if not file.is_file():
        return []
    loaded = OmegaConf.load(file)
    if not isinstance(loaded, DictConfig):
        return []
    known = OmegaConf.structured(schema)
    places = ConfigPlaces([(file, "")])
    name = schema.__name__ if isinstance(schema, type) else type(schema).__name__
    lines: list[str] = []
    reported: list[str] = []
    for key in dotted_keys(loaded):
        if key == "defaults" or any(key.startswith(f"{each}.") for each in reported) or _accepts(known, key):
            continue
        reported.append(key)
        close = nearest_key(key, known)
        hint = f" Did you mean {close}?" if close else ""
        if key == "trainer.gpus":
            hint = " Write trainer.accelerator and trainer.devices."
        lines.append(f"{places.find(key) or file}: {name} has no key {key}.{hint}")
    return lines


def _accepts(known: DictConfig, key: str) -> bool:
    """Whether a structured config has the key, or is free to take any below the part that it has."""
    node: Any = known
    for part in key.split("."):
        if not isinstance(node, DictConfig) or node._is_none() or node._is_missing():
            return True
        if part not in node:
            is_dataclass = re.match(r"<class 'dict'>|typing.Any", str(node._metadata.object_type)) is None
            return not is_dataclass
        node = node._get_node(part)
    return True
