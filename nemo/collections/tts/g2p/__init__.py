"""Spelling to pronunciation: dictionaries of phonemes or IPA, Chinese, Japanese, eSpeak NG."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "base": ["BaseG2p"],
        "chinese": ["ChineseG2p"],
        "english": ["EnglishG2p"],
        "espeak": ["EspeakG2p"],
        "ipa": ["IpaG2p"],
        "japanese": ["JapaneseG2p"],
    },
    submodules=["arpabet", "dictionaries", "graphemes", "heteronyms"],
)
