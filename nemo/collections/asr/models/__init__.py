"""Speech recognition models: what is trained, saved and restored."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "asr_model": ["ASRModel"],
        "ctc": ["EncDecCTCModel"],
        "ctc_bpe": ["EncDecCTCModelBPE"],
    },
    submodules=[
        "asr_model",
        "catalogue",
        "configs",  # of the original's layout, served by nemo.aliases
        "ctc",
        "ctc_bpe",
        "ctc_config",
        "quartznet_config",
    ],
)
