"""Metrics that several collections compute; each sums over batches and processes."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "classification_accuracy": ["TopKClassificationAccuracy", "compute_topk_accuracy"],
        "corpus_bleu": ["bleu_counts", "bleu_of_counts"],
        "global_average_loss_metric": ["GlobalAverageLossMetric"],
        "perplexity": ["Perplexity"],
        "punct_er": ["DatasetPunctuationErrorRate", "OccurancePunctuationErrorRate", "punctuation_error_rate"],
    },
)
