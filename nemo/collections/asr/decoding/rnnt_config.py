"""The `decoding` section of transducers; names, keys and defaults are the original's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nemo.collections.asr.decoding.confidence import ConfidenceConfig, ConfidenceMethodConfig

STRATEGIES_OF_BEAM = ("beam", "tsd", "alsd", "maes")
KEYS_OF_RELEASE_2 = (
    *(f"greedy.{key}" for key in ("allow_cuda_graphs", "use_cuda_graph_decoder", "tdt_include_duration_confidence")),
    *(f"greedy.{key}" for key in ("tdt_include_token_duration", "enable_per_stream_biasing")),
    *(f"{section}.{key}" for section in ("greedy", "beam") for key in ("boosting_tree", "boosting_tree_alpha")),
    "greedy.ngram_lm_model",
    "greedy.ngram_lm_alpha",
    *(f"beam.{key}" for key in ("blank_lm_score_mode", "pruning_mode", "allow_cuda_graphs", "max_symbols")),
    "tdt_include_token_duration",
    "confidence_cfg.tdt_include_duration",
)
"""In archives of newer releases, without meaning here."""


@dataclass
class GreedyRNNTInferConfig:
    """`greedy` of a transducer's decoding section."""

    max_symbols_per_step: int | None = 10
    """Tokens of one frame, after which the search goes on; null: any number."""
    max_symbols: int | None = None
    """The name of it in published configs; it is the one that counts when both are there."""
    preserve_alignments: bool = False
    preserve_frame_confidence: bool = False
    confidence_method_cfg: ConfidenceMethodConfig = field(default_factory=ConfidenceMethodConfig)


@dataclass
class GreedyBatchedRNNTInferConfig(GreedyRNNTInferConfig):
    """`greedy` of a transducer's decoding section when it decodes in batches."""

    loop_labels: bool = False
    """The search always goes token by token. False only matters to TDT archives of release 1.23 and before, whose
    utterances go on together (see tdt_in_step.py) unless this is true."""


@dataclass
class BeamRNNTInferConfig:
    """`beam` of a transducer's decoding section."""

    beam_size: int = 4
    search_type: str = "default"
    score_norm: bool = True
    """Compare hypotheses by their score per token."""
    return_best_hypothesis: bool = True
    preserve_alignments: bool = False
    tsd_max_sym_exp_per_step: int | None = 50
    """Tokens of one frame (tsd); published configs write `tsd_max_sym_exp`."""
    tsd_max_sym_exp: int | None = None
    alsd_max_target_len: float = 1.0
    """Longest text: tokens for each frame (alsd)."""
    nsc_max_timesteps_expansion: int = 1
    nsc_prefix_alpha: int = 1
    maes_num_steps: int = 2
    """Expansions of one frame (maes)."""
    maes_prefix_alpha: int = 1
    """How much longer a hypothesis may be than its prefix to be merged (maes)."""
    maes_expansion_gamma: float = 2.3
    """Distance in log-probability from the best expansion (maes)."""
    maes_expansion_beta: int = 2
    """Expansions beside the beam (maes)."""
    language_model: Any = None
    softmax_temperature: float = 1.0
    preserve_frame_confidence: bool = False
    ngram_lm_model: str | None = None
    """ARPA or KenLM file."""
    ngram_lm_alpha: float = 0.0
    """Its weight."""
    hat_subtract_ilm: bool = False
    """Take off the internal language model of a HAT joint network."""
    hat_ilm_weight: float = 0.0


@dataclass
class RNNTDecodingConfig:
    """`decoding` section of a transducer over characters."""

    model_type: str = "rnnt"
    """rnnt, tdt or multiblank."""
    strategy: str = "greedy_batch"
    """greedy, greedy_batch, beam, tsd, alsd or maes. The first two are the same search."""
    compute_hypothesis_token_set: bool = False
    """Keep the tokens as strings in `hypothesis.tokens`."""
    preserve_alignments: bool | None = None
    """Keep what was evaluated at each frame; None: as `greedy` says."""
    confidence_cfg: ConfidenceConfig = field(default_factory=ConfidenceConfig)
    fused_batch_size: int | None = None
    """Accepted for old configs."""
    compute_timestamps: bool | None = None
    compute_langs: bool = False
    """Accepted: an aggregate tokenizer's languages are always kept."""
    word_seperator: str = " "
    """The label between words (spelt as in the original)."""
    rnnt_timestamp_type: str = "all"
    """char, word, segment or all."""
    greedy: GreedyBatchedRNNTInferConfig = field(default_factory=GreedyBatchedRNNTInferConfig)
    beam: BeamRNNTInferConfig = field(default_factory=BeamRNNTInferConfig)
    temperature: float = 1.0
    """Divides the scores before they are normalised."""
    durations: list[int] | None = field(default_factory=list)
    """Of TDT, in frames."""
    big_blank_durations: list[int] | None = field(default_factory=list)
    """Of multi-blank, in frames."""
    # keys of release 2
    segment_seperators: list[str] = field(default_factory=lambda: [".", "!", "?"])
    segment_gap_threshold: int | None = None
    """Frames of silence that begin a new segment; None: no silence does."""


@dataclass
class RNNTBPEDecodingConfig(RNNTDecodingConfig):
    """`decoding` section of a transducer with a subword tokenizer."""
