"""A section of a config, filled up and checked by the dataclass that describes it.

Defaults are written once, in the dataclass; code that reads a filled config never gives a default of its own.
"""

from __future__ import annotations

import dataclasses
import logging
import types
import typing
from collections.abc import Collection, Mapping
from enum import Enum
from typing import Any, Literal, Union

from omegaconf import MISSING, DictConfig, OmegaConf
from omegaconf.errors import UnsupportedValueType

from nemo.core.config.keys import missing_keys
from nemo.utils.exceptions import ConfigError
from nemo.utils.spelling import nearest

logger = logging.getLogger(__name__)

KEYS_OF_EVERY_SECTION = frozenset(
    {"_target_", "target", "cls", "params", "nemo_version", "archive_format", "save_safetensors", "defer_setup"}
)
"""Keys that say how a section is built or used, and that no dataclass needs to list."""

_reported: set[tuple[str, str]] = set()
"""Unknown keys that a warning has named, so that a config read in several places is reported once."""


@dataclasses.dataclass
class _Faults:
    """What was found wrong, collected so that all of it is shown at once."""

    errors: list[str] = dataclasses.field(default_factory=list)
    unknown: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    """(schema and key, message) of each key that the dataclass does not have."""


def with_defaults(
    schema: type | Any,
    cfg: Any,
    where: str = "model",
    strict: bool = False,
    also: Collection[str] = (),
    mandatory: Collection[str] = (),
) -> DictConfig:
    """A copy of `cfg` in which every field of `schema` that it lacks has its default, at every depth.

    Keys that the dataclass does not have are kept. Each is reported once by a warning, with the nearest known key.
    Interpolations stay as they are, and `cfg` itself is not changed.

    Args:
        schema: dataclass, or an instance of one, whose values are then the defaults.
        cfg: DictConfig, dict, dataclass instance, or None for nothing but defaults.
        where: dotted path of the section, for messages.
        strict: unknown keys, and mandatory fields that are not set, are errors.
        also: dotted paths of keys that are no fields and yet no surprise, such as those of newer releases.
        mandatory: keys of the section that must be set, `strict` or not.

    Raises:
        ConfigError: values that cannot be of the field's type, what is mandatory and not set, and with `strict` the
            above; all in one message.
    """
    faults = _Faults()
    if cfg is not None and not isinstance(cfg, Mapping | DictConfig) and not dataclasses.is_dataclass(cfg):
        raise ConfigError(f"{where} is {cfg!r}; expected a section with keys, as {_name(schema)} describes it.")
    filled = _fill(schema, _plain(cfg), where, faults)
    faults.unknown = [fault for fault in faults.unknown if fault[0].removeprefix(f"{where}.") not in also]
    if strict:
        faults.errors += [message for _, message in faults.unknown]
    unset = (
        missing_keys(_config(filled)) if strict else [key for key in mandatory if filled.get(key) in (None, MISSING)]
    )
    faults.errors += [
        f"{where}.{key} is mandatory and not set. Set it in the configuration, or give {where}.{key}=VALUE."
        for key in unset
    ]
    if faults.errors:
        raise ConfigError("\n".join(faults.errors))
    for identity, message in faults.unknown:
        if (_name(schema), identity) not in _reported:
            _reported.add((_name(schema), identity))
            logger.warning("%s It is kept and not used.", message)
    result = _config(filled)
    if isinstance(cfg, DictConfig) and cfg._get_parent() is not None:
        result._set_parent(cfg._get_parent())  # so that interpolations to other sections still resolve
        result._set_key(cfg._key())
    return result


def _config(container: dict[str, Any]) -> DictConfig:
    try:
        return OmegaConf.create(container)
    except UnsupportedValueType:  # a class or another object, which only Python code can have put there
        return OmegaConf.create(container, flags={"allow_objects": True})


def _plain(cfg: Any) -> dict[str, Any]:
    """The section as plain containers, interpolations unresolved; an absent one is empty."""
    if cfg is None:
        return {}
    if dataclasses.is_dataclass(cfg):
        return _of_dataclass(cfg)
    if not isinstance(cfg, DictConfig):
        cfg = _config(dict(cfg))
    container = OmegaConf.to_container(cfg, resolve=False)
    return {str(key): value for key, value in container.items()} if isinstance(container, dict) else {}


def _of_dataclass(schema: Any) -> dict[str, Any]:
    """Fields and values of a dataclass or of an instance; a field without any default is mandatory."""
    values: dict[str, Any] = {}
    for field in dataclasses.fields(schema):
        if not isinstance(schema, type):
            value = getattr(schema, field.name)
        elif field.default is not dataclasses.MISSING:
            value = field.default
        elif field.default_factory is not dataclasses.MISSING:
            value = field.default_factory()
        else:
            value = MISSING
        values[field.name] = _plain_value(value)
    return values


def _plain_value(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _of_dataclass(value)
    if OmegaConf.is_config(value):
        return OmegaConf.to_container(value, resolve=False)
    if isinstance(value, dict):
        return {key: _plain_value(child) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [_plain_value(child) for child in value]
    return value


def _fill(schema: Any, given: dict[str, Any], where: str, faults: _Faults) -> dict[str, Any]:
    defaults = _of_dataclass(schema)
    types_of = _field_types(schema)
    filled: dict[str, Any] = {}
    for key, value in given.items():
        path = f"{where}.{key}"
        if key in defaults:
            filled[key] = _value(_section_schema(schema, key, types_of), types_of[key], value, path, faults)
        else:
            filled[key] = value
            if key not in KEYS_OF_EVERY_SECTION:
                faults.unknown.append((path, _unknown(key, where, schema, defaults)))
    for key, value in defaults.items():
        filled.setdefault(key, value)
    return filled


def _value(section: Any, kind: Any, value: Any, path: str, faults: _Faults) -> Any:
    """A given value, brought to its field's type where that is certain."""
    if value is None or _is_special(value):
        return value
    if section is not None:
        if isinstance(value, dict):
            return _fill(section, value, path, faults)
        if kind is not Any:
            faults.errors.append(
                f"{path} is {value!r}; expected a section with keys, as {_name(section)} describes it."
            )
        return value
    try:
        return _converted(kind, value)
    except (ValueError, KeyError, TypeError):
        faults.errors.append(f"{path} is {value!r}; expected {_described(kind)}.")
        return value


def _is_special(value: Any) -> bool:
    """Whether it is an interpolation or `???`, of which nothing is known yet."""
    return isinstance(value, str) and (value == MISSING or "${" in value)


def _section_schema(schema: Any, key: str, types_of: dict[str, Any]) -> Any:
    """The dataclass that describes the section under `key`; None for a plain value.

    The default's own values count: a field that is an instance with other values than its class's fills those.
    """
    default = getattr(schema, key, None) if not isinstance(schema, type) else _default(schema, key)
    if dataclasses.is_dataclass(default):
        return default
    options = [kind for kind in _options(types_of[key]) if isinstance(kind, type) and dataclasses.is_dataclass(kind)]
    return options[0] if len(options) == 1 else None


def _default(schema: type, key: str) -> Any:
    field = next(each for each in dataclasses.fields(schema) if each.name == key)
    return field.default_factory() if field.default_factory is not dataclasses.MISSING else field.default


def _field_types(schema: Any) -> dict[str, Any]:
    cls = schema if isinstance(schema, type) else type(schema)
    try:
        hints = typing.get_type_hints(cls)
    except NameError:  # an annotation that only type checkers can see: take the fields without their types
        hints = {}
    return {field.name: hints.get(field.name, Any) for field in dataclasses.fields(cls)}


def _options(kind: Any) -> list[Any]:
    """The types that a field allows beside None."""
    if typing.get_origin(kind) in (Union, types.UnionType):
        return [option for option in typing.get_args(kind) if option is not type(None)]
    return [kind]


def _converted(kind: Any, value: Any) -> Any:
    """`value` as one of the types that `kind` allows; ValueError, KeyError or TypeError if it is none of them."""
    options = _options(kind)
    if len(options) != 1:
        return value
    option = options[0]
    if typing.get_origin(option) is Literal:
        if value not in typing.get_args(option):
            raise ValueError
        return value
    if isinstance(option, type) and issubclass(option, Enum):
        return value if isinstance(value, option) else option[value] if value in option.__members__ else option(value)
    converter = {bool: _to_bool, int: _to_int, float: _to_float, str: _to_str}.get(option)
    return converter(value) if converter is not None else value


def _to_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    words = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    return words[str(value).lower()]


def _to_int(value: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError
    return int(value)


def _to_float(value: Any) -> float | int:
    if isinstance(value, bool):
        raise ValueError
    return value if isinstance(value, int) else float(value)


def _to_str(value: Any) -> str:
    if isinstance(value, list | dict):
        raise TypeError
    return str(value)


def _described(kind: Any) -> str:
    option = _options(kind)[0]
    if typing.get_origin(option) is Literal:
        return "one of " + ", ".join(repr(choice) for choice in typing.get_args(option))
    if isinstance(option, type) and issubclass(option, Enum):
        return "one of " + ", ".join(option.__members__)
    words = {bool: "true or false", int: "an integer", float: "a number", str: "a string"}
    return words.get(option, str(option))


def _unknown(key: str, where: str, schema: Any, known: Mapping[str, Any]) -> str:
    close = nearest(key, known)
    hint = f" Did you mean {where}.{close}?" if close else f" There are: {', '.join(known)}."
    return f"{where}.{key} is not a key of {_name(schema)}.{hint}"


def _name(schema: Any) -> str:
    return schema.__name__ if isinstance(schema, type) else type(schema).__name__
