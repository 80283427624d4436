"""Losses of speech models."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {"angular_softmax": ["AngularSoftmaxLoss"], "ctc": ["CTCLoss"], "rnnt": ["RNNTLoss"]},
    submodules=["angular_softmax", "ctc", "rnnt"],
)
