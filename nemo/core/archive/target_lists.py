"""The lists behind :mod:`nemo.core.archive.targets`: what is on them may be built from an archive, all else may not."""

from __future__ import annotations

import sys

FUNCTIONS = {
    "nemo.collections.asr.modules.transformer.get_nemo_transformer",
}
"""Functions of the original that published configs use as if they were classes."""

CLASSES = {
    "nemo_text_processing.g2p.modules.EnglishG2p",
    "nemo_text_processing.g2p.modules.IPAG2P",
    "nemo_text_processing.text_normalization.normalize.Normalizer",
    "torchmetrics.audio.PerceptualEvaluationSpeechQuality",
    "torchmetrics.audio.ScaleInvariantSignalDistortionRatio",
    "torchmetrics.audio.ScaleInvariantSignalNoiseRatio",
    "torchmetrics.audio.ShortTimeObjectiveIntelligibility",
    "torchmetrics.audio.SignalDistortionRatio",
    "torchmetrics.audio.SignalNoiseRatio",
}
"""Classes from outside, by their whole name."""

CLASS_MODULES = ("torch.nn", "torch.optim", "torch.optim.lr_scheduler")
"""Modules all of whose classes may be named; so may those in `torch.nn.modules.<file>` and `torch.optim.<file>`."""

_TOLERATED_MODULES = {
    f"{lightning}.{kind}"
    for lightning in ("pytorch_lightning", "lightning.pytorch")
    for kind in ("callbacks", "loggers", "strategies", "accelerators", "plugins", "profilers")
} | {"torch.utils.data", "torch.utils.data.distributed", "torch.utils.data.sampler"}
"""Sections for training may name classes of these; such a section is kept as text and never built on restoring."""

HOMES = {
    "nemo.": ("nemo.",),
    "torch.nn.": ("torch.nn.",),
    "torch.optim.": ("torch.optim.",),
    "torchmetrics.": ("torchmetrics.",),
    "nemo_text_processing.": ("nemo_text_processing.",),
}
"""Start of a name -> where the class that it leads to must be defined."""

APPROVED_BASES = {
    "torch.nn.modules.module.Module",
    "torch.optim.optimizer.Optimizer",
    "torch.optim.lr_scheduler.LRScheduler",
    "torch.utils.data.dataset.Dataset",
    "nemo.core.classes.serialization.Serialization",
    "nemo.core.config.optimizers.OptimizerParams",
    "nemo.core.config.schedulers.SchedulerParams",
    "nemo.core.classes.type_checking.Typing",
    "nemo.collections.common.tokenizers.tokenizer_spec.TokenizerSpec",
    "nemo_text_processing.text_normalization.normalize.Normalizer",
}
"""Base classes of which a class must have one, by their path, so that nothing is imported to look."""

FOREIGN_MODULES = sys.stdlib_module_names | {
    "hydra",
    "lightning",
    "numpy",
    "omegaconf",
    "pytorch_lightning",
    "torch",
    "transformers",
    "yaml",
}
"""Modules that ours import: a name that goes through one of them reaches for what is not ours."""

OWN_WORDS = {"torch", "collections", "code", "enum", "tokenize", "parser", "statistics", "select", "test"}
"""Of these, the words that are folders or modules of the original too (`nemo.collections.tts.torch.data`)."""


def is_listed(name: str) -> bool:
    """Whether a name from outside of nemo is on a list: one class name directly after a listed module."""
    module, _, last = name.rpartition(".")
    if name in CLASSES or is_tolerated(name):
        return True
    if not last[:1].isupper():
        return False
    if module in CLASS_MODULES:
        return True
    folder = module.rpartition(".")[0]
    return folder in ("torch.nn.modules", "torch.optim") and module in sys.modules  # importing torch loads all of them


def is_tolerated(name: str) -> bool:
    """Whether a name may stand in a config although nothing is ever built from it."""
    module, _, last = name.rpartition(".")
    return module in _TOLERATED_MODULES and last[:1].isupper()
