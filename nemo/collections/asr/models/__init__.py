"""Speech recognition models: what is trained, saved and restored."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "asr_model": ["ASRModel"],
        "classification": ["EncDecClassificationModel"],
        "ctc": ["EncDecCTCModel"],
        "ctc_bpe": ["EncDecCTCModelBPE"],
        "frame_classification": ["EncDecFrameClassificationModel"],
        "multitask": ["EncDecMultiTaskModel"],
        "hybrid_rnnt_ctc": ["EncDecHybridRNNTCTCModel"],
        "hybrid_rnnt_ctc_bpe": ["EncDecHybridRNNTCTCBPEModel"],
        "regression": ["EncDecRegressionModel"],
        "rnnt": ["EncDecRNNTModel"],
        "rnnt_bpe": ["EncDecRNNTBPEModel"],
        "transf_bpe": ["EncDecTransfModelBPE"],
    },
    submodules=[
        "asr_model",
        "catalogue",
        "classification",
        "configs",  # of the original's layout, served by nemo.aliases
        "ctc",
        "ctc_bpe",
        "ctc_config",
        "frame_classification",
        "hybrid_rnnt_ctc",
        "hybrid_rnnt_ctc_bpe",
        "multitask",
        "quartznet_config",
        "regression",
        "rnnt",
        "rnnt_bpe",
        "transf_bpe",
    ],
)
