"""Lines of a manifest with a spelling and, where it is known, its phonemes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from omegaconf import DictConfig, OmegaConf

from nemo.collections.common.data.manifest import read_manifest_objects
from nemo.collections.common.exceptions import ManifestError


def spelling_pairs(
    manifest_filepath: str | os.PathLike[str], grapheme_field: str, phoneme_field: str | None, do_lower: bool
) -> Iterator[tuple[str, str]]:
    """Each line's spelling and its phonemes.

    Args:
        manifest_filepath: JSON lines.
        grapheme_field: key of the spelling.
        phoneme_field: key of the phonemes; None: they are not read, and come as an empty text.
        do_lower: spellings come in small letters.

    Raises:
        ManifestError: a line lacks a key or has an empty text.
    """
    for number, item in enumerate(read_manifest_objects(manifest_filepath), start=1):
        place = f"{manifest_filepath} entry {number}"
        spelling = text_of(item, grapheme_field, place)
        phonemes = "" if phoneme_field is None else text_of(item, phoneme_field, place)
        yield spelling.lower() if do_lower else spelling, phonemes


def text_of(item: dict[str, Any], key: str, place: str) -> str:
    """The text under a key of a manifest's line.

    Raises:
        ManifestError: there is none, or it is empty.
    """
    text = item.get(key)
    if not isinstance(text, str) or not text.strip():
        raise ManifestError(f"{place} has {key}: {text!r}. Expected a text that is not empty; mend the line.")
    return text


def no_pair(manifest_filepath: str | os.PathLike[str]) -> ManifestError:
    """What is raised where nothing of a manifest can be used."""
    return ManifestError(f"{manifest_filepath} has no pair that can be used. Expected JSON lines; check the path.")


def with_manifest(section: Any, key: str = "manifest_filepath") -> DictConfig | None:
    """A copy of a data section whose dataset has the manifest; None where the section says that there is none.

    Args:
        section: `dataset`, and perhaps `manifest_filepath` beside it, where the original's YAML files have it.
        key: how the dataset calls its manifest.
    """
    section = section if isinstance(section, DictConfig) else OmegaConf.create(section)
    filled = DictConfig(OmegaConf.to_container(section, resolve=True))
    dataset = filled.get("dataset")
    if dataset is None:
        return filled
    given = filled.get("manifest_filepath")
    if given is not None:
        dataset[key] = given
    is_named = key in dataset or "manifest_filepath" in filled
    return None if is_named and dataset.get(key) is None else filled
