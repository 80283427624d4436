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
        "regression": ["EncDecRegressionModel"],
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
        "multitask",
        "quartznet_config",
        "regression",
        "transf_bpe",
    ],
)
