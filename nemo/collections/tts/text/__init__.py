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
        "tokenizer": ["BaseTokenizer"],
    },
    submodules=["locales", "spelling", "words"],
)
