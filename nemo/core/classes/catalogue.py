"""The published models that a collection restores: rows of a JSON file beside its models."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from nemo.core.classes.pretrained import PretrainedModelInfo


def models_in_catalogue(catalogue: Path, model_class: str) -> list[PretrainedModelInfo]:
    """The rows of a catalogue that the class named `model_class` restores.

    Args:
        catalogue: a JSON file of this package: `location_pattern`, and `models` with `class`, `name`, `description` and
            what the pattern names, or a `location` of their own.
        model_class: name of the class.
    """
    content = _read(catalogue)
    return [
        PretrainedModelInfo(
            pretrained_model_name=row["name"],
            description=row["description"],
            location=row.get("location") or content["location_pattern"].format(**row),
        )
        for row in content["models"]
        if row["class"] == model_class
    ]


@functools.cache
def _read(catalogue: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(catalogue.read_text(encoding="utf-8"))
    return content
