"""The card (README.md) of a published model: what it is, how to use it, what it was trained with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nemo.aliases import public_path
from nemo.package_info import __version__

if TYPE_CHECKING:
    from nemo.core.classes.model_pt import ModelPT

PIPELINES = {
    "nemo.collections.asr.": "automatic-speech-recognition",
    "nemo.collections.tts.": "text-to-speech",
    "nemo.collections.nlp.": "text-classification",
}
"""Beginning of a model class's path -> the task that the Hub files it under; a card may say it better."""

CARD = """\
---
{header}---

# {title}

A {class_name} with {parameters} parameters, in one `.nemo` file: weights, configuration and all files that it needs.

## Use

```python
from {module} import {class_name}

model = {class_name}.from_pretrained("{repository}")
```

## Training

{training}
"""

HEADER_ORDER = ("license", "language", "library_name", "pipeline_tag", "tags", "datasets", "metrics", "model-index")


def make_model_card(model: ModelPT, repository: str, **header: Any) -> str:
    """The text of a model card.

    Args:
        model: the model that is published.
        repository: `organisation/name`.
        header: entries of the card's YAML header: `license`, `language`, `datasets`, `metrics`, `model-index`...
            They come before what is said by default (`library_name`, `pipeline_tag`, `tags`).
    """
    path = public_path(type(model))
    entries: dict[str, Any] = {"library_name": "nemo", "tags": ["nemo", "pytorch", type(model).__name__]}
    task = next((task for prefix, task in PIPELINES.items() if path.startswith(prefix)), None)
    if task is not None:
        entries["pipeline_tag"] = task
    entries.update(header)
    module, _, name = path.rpartition(".")
    return CARD.format(
        header=_yaml(entries),
        title=repository.rsplit("/", 1)[-1],
        class_name=name,
        module=module,
        parameters=_count(sum(parameter.numel() for parameter in model.parameters())),
        repository=repository,
        training=_training(model),
    )


def _yaml(entries: Mapping[str, Any]) -> str:
    """The header; JSON is YAML, and one entry a line is readable."""
    ordered = [key for key in HEADER_ORDER if key in entries] + [key for key in entries if key not in HEADER_ORDER]
    return "".join(f"{key}: {json.dumps(entries[key], ensure_ascii=False)}\n" for key in ordered)


def _count(number: int) -> str:
    for unit, size in (("billion", 1e9), ("million", 1e6), ("thousand", 1e3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return str(number)


def _training(model: ModelPT) -> str:
    lines = [f"Saved by release {model.cfg.get('nemo_version') or __version__} of the toolkit."]
    optim = model.cfg.get("optim")
    if optim is not None:
        settings = ", ".join(f"{key} {optim[key]}" for key in ("name", "lr", "weight_decay") if optim.get(key))
        schedule = optim.get("sched")
        if schedule is not None and schedule.get("name"):
            settings += f", schedule {schedule['name']}"
        lines.append(f"Optimizer: {settings}.")
    lines.append("The whole configuration is in the archive: `model.cfg`.")
    return "\n".join(lines)
