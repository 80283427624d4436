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
        "german_phonemes_tokenizer": ["GermanPhonemesTokenizer"],
        "ipa_tokenizer": ["IPATokenizer"],
        "syllable_tokenizers": ["ChinesePhonemesTokenizer", "JapanesePhonemeTokenizer"],
        "tokenizer": ["BaseTokenizer"],
    },
    submodules=["locales", "spelling", "words"],
)
