"""From log-probabilities to text: greedy CTC search, times, confidences."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "confidence": ["ConfidenceConfig", "ConfidenceMethodConfig"],
        "ctc": ["CTCBPEDecoding", "CTCBPEDecodingConfig", "CTCDecoding", "CTCDecodingConfig"],
        "ctc_greedy": ["GreedyCTCInferConfig"],
        "hypothesis": ["Hypothesis", "NBestHypotheses"],
        "rnnt": ["RNNTBPEDecoding", "RNNTDecoding"],
        "rnnt_config": ["RNNTBPEDecodingConfig", "RNNTDecodingConfig"],
    },
    submodules=[
        "confidence",
        "ctc",
        "ctc_beam",
        "ctc_greedy",
        "hypothesis",
        "rnnt",
        "rnnt_config",
        "rnnt_greedy",
        "timestamps",
        "vocabulary",
    ],
)
