"""Settings of CTC beam search. The search itself comes in a later release; archives and YAML files carry its keys."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class PyCTCDecodeConfig:
    """`beam.pyctcdecode_cfg`."""

    beam_prune_logp: float = -10.0
    token_min_logp: float = -5.0
    prune_history: bool = False
    hotwords: list[str] | None = None
    hotword_weight: float = 10.0


@dataclass
class FlashlightConfig:
    """`beam.flashlight_cfg`."""

    lexicon_path: str | None = None
    boost_path: str | None = None
    beam_size_token: int = 16
    beam_threshold: float = 20.0
    unk_weight: float = float("-inf")
    sil_weight: float = 0.0


@dataclass
class BeamCTCInferConfig:
    """`beam` of a CTC decoding section."""

    beam_size: int
    search_type: str = "default"
    preserve_alignments: bool = False
    compute_timestamps: bool = False
    return_best_hypothesis: bool = True
    beam_alpha: float = 1.0
    """Weight of the language model."""
    beam_beta: float = 0.0
    """Bonus of each word."""
    kenlm_path: str | None = None
    flashlight_cfg: FlashlightConfig = field(default_factory=FlashlightConfig)
    pyctcdecode_cfg: PyCTCDecodeConfig = field(default_factory=PyCTCDecodeConfig)
