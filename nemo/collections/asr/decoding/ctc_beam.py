"""Settings of CTC beam search, and the search that they ask for.

The original hands the work to other packages, and names the search after the package. Here one search serves all; the
name says how it prunes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nemo.collections.asr.decoding.ctc_beam_search import CTCBeamSearch
from nemo.collections.asr.decoding.ctc_fusion import Fusion, SumFusion, TokenFusion
from nemo.collections.asr.decoding.hot_words import HotWords, read_boosts
from nemo.collections.asr.decoding.language_model import TokenLanguageModel, load_language_model, names_of_tokens
from nemo.collections.asr.decoding.lexicon import Lexicon
from nemo.collections.asr.decoding.vocabulary import Vocabulary
from nemo.collections.asr.decoding.word_fusion import WordFusion
from nemo.utils.exceptions import ConfigError

BEAM_STRATEGIES = ("beam", "beam_batch", "pyctcdecode", "flashlight")
SEARCH_TYPES = ("default", "nemo", "pyctcdecode", "flashlight")
TOKENS_PER_FRAME = 40
"""Of the default search, as in the original's."""


@dataclass
class PyCTCDecodeConfig:
    """`beam.pyctcdecode_cfg`."""

    beam_prune_logp: float = -10.0
    """Beams whose score is this far below the best one's are dropped (pyctcdecode)."""
    token_min_logp: float = -5.0
    """Less probable tokens are not tried, unless they are the best of their frame (pyctcdecode)."""
    prune_history: bool = False
    """Accepted: equal token sequences are always one."""
    hotwords: list[str] | None = None
    """Words or phrases that the recording is likely to have; for all kinds of search."""
    hotword_weight: float = 10.0
    """Bonus of each (natural logarithm)."""


@dataclass
class FlashlightConfig:
    """`beam.flashlight_cfg`."""

    lexicon_path: str | None = None
    """The words that may be written, one a line, perhaps with their tokens; for all kinds of search."""
    boost_path: str | None = None
    """Phrases and the bonus of each, with a tab between; for all kinds of search."""
    beam_size_token: int = 16
    """Tokens that are tried at a frame (flashlight)."""
    beam_threshold: float = 20.0
    """Beams whose score is this far below the best one's are dropped (flashlight)."""
    unk_weight: float = float("-inf")
    """Added for a word that the lexicon lacks; minus infinity forbids it."""
    sil_weight: float = 0.0
    """Added for each separator of words."""


@dataclass
class BeamCTCInferConfig:
    """`beam` of a CTC decoding section."""

    beam_size: int
    search_type: str = "default"
    """default or nemo: the 40 best tokens of each frame; pyctcdecode, flashlight: as their sections say."""
    preserve_alignments: bool = False
    compute_timestamps: bool = False
    return_best_hypothesis: bool = True
    beam_alpha: float = 1.0
    """Weight of the language model."""
    beam_beta: float = 0.0
    """Bonus of each word; of each token if the language model is one of tokens."""
    kenlm_path: str | None = None
    """ARPA file, packed by gzip or not, or KenLM's binary, which needs its package; of words or of tokens."""
    flashlight_cfg: FlashlightConfig = field(default_factory=FlashlightConfig)
    pyctcdecode_cfg: PyCTCDecodeConfig = field(default_factory=PyCTCDecodeConfig)
    # keys of release 2
    ngram_lm_model: str | None = None
    """The newer name of `kenlm_path`."""
    ngram_lm_alpha: float = 1.0
    """Its weight, in place of `beam_alpha`."""


def build_ctc_beam_search(config: Any, strategy: str, vocabulary: Vocabulary) -> CTCBeamSearch:
    """The search that a section asks for.

    Args:
        config: a :class:`BeamCTCInferConfig`, or a section like it.
        strategy: one of :data:`BEAM_STRATEGIES`; the last two stand for search types.
        vocabulary: the tokens.

    Raises:
        ConfigError: a value that is not possible.
        LanguageModelError: a file that cannot be read.
        MissingDependencyError: a binary of KenLM, and its package is not installed.
    """
    kind = config.search_type if strategy in ("beam", "beam_batch") else strategy
    if kind not in SEARCH_TYPES:
        raise ConfigError(f"decoding.beam.search_type is {kind!r}; it may be {', '.join(SEARCH_TYPES)}.")
    if config.beam_size < 1:
        raise ConfigError(f"decoding.beam.beam_size is {config.beam_size}; expected at least 1.")
    fusion = build_fusion(config, vocabulary)
    if kind == "pyctcdecode":
        cfg = config.pyctcdecode_cfg
        return CTCBeamSearch(config.beam_size, None, cfg.token_min_logp, abs(cfg.beam_prune_logp), fusion)
    if kind == "flashlight":
        cfg = config.flashlight_cfg
        if cfg.beam_size_token < 1:
            raise ConfigError(
                f"decoding.beam.flashlight_cfg.beam_size_token is {cfg.beam_size_token}; expected at least 1."
            )
        return CTCBeamSearch(config.beam_size, cfg.beam_size_token, None, cfg.beam_threshold, fusion)
    return CTCBeamSearch(config.beam_size, TOKENS_PER_FRAME, fusion=fusion)


def build_fusion(config: Any, vocabulary: Vocabulary) -> Fusion | None:
    """What is added to the scores of token sequences; None: nothing."""
    flashlight, hot = config.flashlight_cfg, config.pyctcdecode_cfg
    path, alpha = config.kenlm_path, config.beam_alpha
    if path is None:
        path, alpha = config.ngram_lm_model, config.ngram_lm_alpha
    boosts = dict.fromkeys(hot.hotwords or (), float(hot.hotword_weight))
    if flashlight.boost_path is not None:
        boosts |= read_boosts(flashlight.boost_path)
    lexicon = Lexicon.read(flashlight.lexicon_path) if flashlight.lexicon_path is not None else None
    words = WordFusion(
        vocabulary.spellings(),
        alpha=alpha,
        beta=config.beam_beta,
        lexicon=lexicon,
        unknown_weight=flashlight.unk_weight,
        separator_weight=flashlight.sil_weight,
        hot_words=HotWords(boosts) if boosts else None,
    )
    tokens: TokenFusion | None = None
    if path is not None:
        model = load_language_model(path)
        names = names_of_tokens(model, vocabulary.ids_to_tokens(range(len(vocabulary))))
        if names is None:
            words.model = model
        else:
            tokens = TokenFusion(TokenLanguageModel(model, names), alpha, config.beam_beta)
            words.beta = 0.0
    counts_words = words.model is not None or words.lexicon is not None or words.hot_words is not None
    if not counts_words and words.beta == 0.0 and words.separator_weight == 0.0:
        return tokens
    return words if tokens is None else SumFusion(tokens, words)
