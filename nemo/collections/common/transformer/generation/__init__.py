"""Texts from a decoder, token by token: greedy, by beam search, or drawn by chance."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "beam": ["BeamSearchSequenceGenerator", "beam_search"],
        "generator": ["Generated", "SequenceGenerator"],
        "greedy": ["GreedySequenceGenerator", "greedy_search"],
        "sampling": ["TopKSequenceGenerator"],
        "scorer": ["CachedScorer", "TokenScorer"],
    },
)
