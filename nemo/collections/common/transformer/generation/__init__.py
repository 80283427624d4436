"""Texts from a decoder, token by token: greedy, by beam search, or drawn by chance."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "beam": ["BeamSearchSequenceGenerator", "beam_search"],
        "ensemble": ["EnsembleBeamSearchSequenceGenerator"],
        "generator": ["Generated", "SequenceGenerator"],
        "greedy": ["GreedySequenceGenerator", "greedy_search"],
        "language_model": ["BeamSearchSequenceGeneratorWithLanguageModel"],
        "sampling": ["TopKSequenceGenerator"],
        "scorer": ["CachedScorer", "CausalScorer", "TokenScorer"],
        "token_choice": ["drawing", "nucleus"],
    },
)
