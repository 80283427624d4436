"""``nemo info model.nemo``: what is in an archive, without loading its weights or importing its classes."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from omegaconf import DictConfig

SECTIONS = ("preprocessor", "spec_augment", "encoder", "decoder", "joint", "loss", "tokenizer")


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the subcommand."""
    parser = commands.add_parser("info", help="what is in a .nemo archive", description=__doc__)
    parser.add_argument("archive", type=Path, help="a .nemo file, or the folder one was unpacked to")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--config", action="store_true", help="print the whole model config as YAML")
    parser.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Prints the summary, or the config."""
    summary, config = summarize(chosen.archive)
    if chosen.config:
        from omegaconf import OmegaConf

        print(OmegaConf.to_yaml(config), end="")
    elif chosen.json:
        print(json.dumps(summary))
    else:
        _print_table(summary)
    return 0


def summarize(archive: Path) -> tuple[dict[str, Any], DictConfig]:
    """The facts of an archive, and its config.

    Raises:
        FileNotFoundError: there is no such file.
        ArchiveError: it is no archive, or an unsafe one.
    """
    from nemo.core.archive import ArchiveReader, load_config

    with ArchiveReader(archive) as reader:
        config = load_config(reader.config_bytes(), f"{archive}:model_config.yaml")
        members = {name: reader.size(name) for name in reader.names()}
    sections = {name: _class_of(config[name]) for name in SECTIONS if config.get(name) is not None}
    summary = {
        "archive": str(archive),
        "class": config.get("target"),
        "nemo_version": config.get("nemo_version"),
        "sample_rate": config.get("sample_rate"),
        "tokens": _token_count(config),
        "parts": sections,
        "megabytes": round(sum(members.values()) / 1e6, 3),
        "members": members,
    }
    return summary, config


def _class_of(section: Any) -> str:
    """``ConvASREncoder`` of a section that names a class, else its kind or its keys."""
    if not hasattr(section, "get"):
        return str(section)
    named = section.get("_target_") or section.get("cls") or section.get("type") or section.get("loss_name")
    return str(named).rpartition(".")[2] if named else ", ".join(map(str, section))


def _token_count(config: DictConfig) -> int | None:
    decoder = config.get("decoder") or {}
    vocabulary = decoder.get("vocabulary") or config.get("labels")
    return len(vocabulary) if vocabulary else decoder.get("num_classes")


def _print_table(summary: dict[str, Any]) -> None:
    rows = [(key, summary[key]) for key in ("archive", "class", "nemo_version", "sample_rate", "tokens")]
    rows += list(summary["parts"].items())
    rows += [("size", f"{summary['megabytes']} MB")]
    rows += [(f"  {name}", f"{size:,} bytes") for name, size in summary["members"].items()]
    width = max(len(key) for key, _ in rows)
    for key, value in rows:
        print(f"{key:<{width}}  {'-' if value is None else value}")
