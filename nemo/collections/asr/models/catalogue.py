"""The published speech models that this package restores; the rows are data, in pretrained.json."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from nemo.core.classes.pretrained import PretrainedModelInfo

CATALOGUE = Path(__file__).with_name("pretrained.json")


def published_models(model_class: str) -> list[PretrainedModelInfo]:
    """The rows of the catalogue that the class named `model_class` restores."""
    content = _catalogue()
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
def _catalogue() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(CATALOGUE.read_text(encoding="utf-8"))
    return content
