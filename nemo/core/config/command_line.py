"""The command line of a script: Hydra's, with the spellings that documents and habits use.

Hydra's own options and its overrides (`key=value`, `+key=value`, `++key=value`, `~key`) work as they are. Beyond that:

- `--config_path` and `--config_name` are `--config-path` and `--config-name`, and may stand anywhere;
- `key=[.8, .5]` may arrive as two words;
- `model.optim=adam`, a bare name for a section that has a `name`, sets that name and keeps the section;
- `+key=value` sets the key when it is already there, `~key` also removes a key that is null;
- `trainer.gpus=2` becomes `trainer.accelerator` and `trainer.devices`.
"""

from __future__ import annotations

import argparse
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, ListConfig

from nemo.core.config.keys import nearest_key
from nemo.core.config.trainer_devices import devices_for_gpus, warn_of_translation

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

logger = logging.getLogger(__name__)

UNDERSCORED = ("--config_path", "--config_name", "--config_dir")


@dataclass
class CommandLine:
    """What the user typed after the script's name."""

    config_path: str | None = None
    config_name: str | None = None
    config_dir: str | None = None
    help: bool = False
    hydra_options: list[str] = field(default_factory=list)
    """Options that only Hydra reads."""
    overrides: list[str] = field(default_factory=list)

    @property
    def runs_once(self) -> bool:
        """Whether the script is to be run on one configuration, not on a sweep, nor something else done."""
        return not self.hydra_options


def parse_command_line(arguments: list[str]) -> CommandLine:
    """Takes the words after the script's name apart; a wrong option ends the program with a message."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--help", "-h", action="store_true")
    parser.add_argument("--config-path", "-cp")
    parser.add_argument("--config-name", "-cn")
    parser.add_argument("--config-dir", "-cd")
    parser.add_argument("overrides", nargs="*")
    flags = [["--hydra-help"], ["--version"], ["--resolve"], ["--run", "-r"], ["--multirun", "-m"]]
    for names in [*flags, ["--shell-completion", "-sc"]]:
        parser.add_argument(*names, action="append_const", const=names[0], dest="hydra_options")
    for names in (["--cfg", "-c"], ["--package", "-p"], ["--experimental-rerun"], ["--info", "-i"]):
        optional: dict[str, Any] = {"nargs": "?", "const": "all"} if "--info" in names else {}
        parser.add_argument(*names, dest=names[0], **optional)
    found = vars(parser.parse_intermixed_args(join_split_lists([_hyphenated(word) for word in arguments])))
    hydra_options = list(found["hydra_options"] or [])
    for name in ("--cfg", "--package", "--experimental-rerun", "--info"):
        hydra_options += [f"{name}={found[name]}"] if found[name] is not None else []
    return CommandLine(
        config_path=found["config_path"],
        config_name=found["config_name"],
        config_dir=found["config_dir"],
        help=found["help"],
        hydra_options=hydra_options,
        overrides=found["overrides"],
    )


def _hyphenated(word: str) -> str:
    name, equals, value = word.partition("=")
    return name.replace("_", "-") + equals + value if name in UNDERSCORED else word


def join_split_lists(words: list[str]) -> list[str]:
    """Puts `betas=[.8,` and `.5]`, one value that a shell has split at the blank, together again."""
    joined: list[str] = []
    open_brackets = 0
    for word in words:
        if open_brackets > 0:
            joined[-1] += " " + word
        else:
            joined.append(word)
        if open_brackets > 0 or ("=" in word and not word.startswith("-")):
            value = word if open_brackets > 0 else word.partition("=")[2]
            open_brackets += sum(value.count(bracket) for bracket in "[{(") - sum(value.count(b) for b in "]})")
    return joined


def parse_overrides(overrides: list[str]) -> list[Override]:
    """Reads overrides by Hydra's grammar.

    Raises:
        hydra.errors.OverrideParseException: one is not written as Hydra's grammar wants it.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser

    return OverridesParser.create().parse_overrides(overrides)


def adapt_overrides(overrides: list[str], config: DictConfig, groups: set[str]) -> list[str]:
    """Rewrites what the head of this file lists into what Hydra takes.

    Args:
        overrides: as typed.
        config: the configuration before any override.
        groups: names of config groups, whose choice is left to Hydra.
    """
    adapted: list[str] = []
    for text, override in zip(overrides, parse_overrides(overrides), strict=True):
        plain = override.package is None and override.key_or_group not in groups and not override.is_sweep_override()
        adapted.extend(_adapt(text, override, config) if plain else [text])
    return adapted


def _adapt(text: str, override: Override, config: DictConfig) -> list[str]:
    key = override.key_or_group
    node = _node(config, key)
    value = override.value()
    if override.is_delete():
        holds_nothing = node is not None and (node._is_none() or node._is_missing())
        return [f"++{key}=0", text] if holds_nothing else [text]
    if key == "trainer.gpus" and node is None and isinstance(config.get("trainer"), DictConfig):
        accelerator, devices = devices_for_gpus(value)
        warn_of_translation(value, accelerator, devices)
        return [f"++trainer.accelerator={accelerator}", f"++trainer.devices={devices}"]
    if override.is_add() and node is not None and not isinstance(node, DictConfig | ListConfig):
        return [f"+{text}"]
    names_a_kind = isinstance(value, str) and isinstance(node, DictConfig) and "name" in _keys(node)
    if names_a_kind and not override.is_add() and not override.is_force_add():
        logger.warning("%s is read as %s.name=%s; the rest of the section stays as it is", text, key, value)
        return [f"{key}.name={text.partition('=')[2]}"]
    return [text]


def _node(config: DictConfig, key: str) -> Any:
    """The node at a dotted key; None when there is none. Interpolations are not followed."""
    node: Any = config
    for part in key.split("."):
        if not isinstance(node, DictConfig) or part not in _keys(node):
            return None
        node = node._get_node(part)
    return node


def _keys(node: DictConfig) -> list[str]:
    if node._is_none() or node._is_missing() or node._is_interpolation():
        return []
    return [str(key) for key in node]


def unknown_keys(overrides: list[str], config: DictConfig) -> list[str]:
    """One line for each override whose key `config` does not have, with the key that was probably meant."""
    added = [o.key_or_group for o in parse_overrides(overrides) if o.is_add() or o.is_force_add()]
    lines = []
    for text, override in zip(overrides, parse_overrides(overrides), strict=True):
        key = override.key_or_group
        is_added = any(key == each or key.startswith(f"{each}.") for each in added)
        if is_added or key.replace("/", ".").split(".")[0] == "hydra" or _node(config, key) is not None:
            continue
        close = nearest_key(key, config)
        hint = f" Did you mean {close}?" if close else ""
        if override.is_delete():
            lines.append(f"{text}: the configuration has no key {key} to remove.{hint}")
        else:
            lines.append(f"{text}: the configuration has no key {key}.{hint} To add a new key, write +{text}")
    return lines
