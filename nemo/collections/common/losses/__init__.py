"""Losses that several collections train with."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "aggregator": ["AggregatorLoss"],
        "bce_logits_loss": ["BCEWithLogitsLoss"],
        "cross_entropy": ["CrossEntropyLoss", "NLLLoss"],
        "mse_loss": ["MSELoss"],
        "multi_similarity_loss": ["MultiSimilarityLoss"],
        "smoothed_cross_entropy": ["SmoothedCrossEntropyLoss"],
        "spanning_loss": ["SpanningLoss"],
    },
)
