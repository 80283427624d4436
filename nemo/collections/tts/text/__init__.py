"""Text to the ids that a synthesiser reads: characters or phonemes."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "chars_tokenizers": [
            "BaseCharsTokenizer",
            "EnglishCharsTokenizer",
            "FrenchCharsTokenizer",
            "GermanCharsTokenizer",
            "ItalianCharsTokenizer",
            "SpanishCharsTokenizer",
        ],
        "english_phonemes_tokenizer": ["EnglishPhonemesTokenizer"],
        "ipa_tokenizer": ["IPATokenizer"],
        "syllable_tokenizers": ["ChinesePhonemesTokenizer", "JapanesePhonemeTokenizer"],
        "tokenizer": ["BaseTokenizer"],
        "written_ipa_tokenizers": ["GermanPhonemesTokenizer", "ItalianPhonemesTokenizer"],
    },
    submodules=["locales", "spelling", "words"],
)
