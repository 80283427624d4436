"""Names of adapters: `domain`, or `encoder:domain` to say which part of the model has it."""

from __future__ import annotations

from nemo.utils.exceptions import ConfigError

GLOBAL_KEY = "global_cfg"
"""Key beside the adapters' names, for what concerns all of them."""
METADATA_KEY = "adapter_meta_cfg"
"""Key under `global_cfg` whose `modules` says which part of the model has which adapter."""


def split_name(name: str) -> tuple[str, str]:
    """The part of the model and the adapter: ("encoder", "domain") of "encoder:domain", ("", "domain") of "domain".

    Raises:
        ConfigError: more than one colon, or no adapter.
    """
    part, _, adapter = name.rpartition(":")
    if ":" in part or not adapter:
        raise ConfigError(f"the adapter's name is {name!r}; expected NAME or PART:NAME, such as encoder:domain.")
    return part, adapter


def check_new_name(name: str) -> None:
    """Refuses what cannot be the name of an adapter.

    Raises:
        ConfigError: the name is reserved, or no identifier.
    """
    if name == GLOBAL_KEY:
        raise ConfigError(f"{GLOBAL_KEY!r} is the key of what concerns all adapters. Give the adapter another name.")
    if not name.replace("-", "_").isidentifier():
        raise ConfigError(
            f"the adapter's name is {name!r}; expected letters, digits, - and _, as it is a key and a part."
        )
