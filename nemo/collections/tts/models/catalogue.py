"""The published speech synthesis models that this package restores; the rows are data, in pretrained.json."""

from __future__ import annotations

from pathlib import Path

from nemo.core.classes.catalogue import models_in_catalogue
from nemo.core.classes.pretrained import PretrainedModelInfo

CATALOGUE = Path(__file__).with_name("pretrained.json")


def published_models(model_class: str) -> list[PretrainedModelInfo]:
    """The rows of the catalogue that the class named `model_class` restores."""
    return models_in_catalogue(CATALOGUE, model_class)
