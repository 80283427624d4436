"""Several tokenizers as one, each with its own range of ids: one model for many languages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from nemo.collections.common.tokenizers.tokenizer_spec import TokenizerSpec, as_list
from nemo.utils.exceptions import ConfigError

_WORD_START = "\u2581"
_WORD_CONTINUATION = "##"


class AggregateVocabulary:
    """The tokens of all languages in the order of the ids; the same token may stand in it once for each language.

    Args:
        vocab: the tokens.
    """

    def __init__(self, vocab: Sequence[str]) -> None:
        self.vocab = list(vocab)
        self.vocab_size = len(self.vocab)

    def get_vocab(self) -> list[str]:
        """Every token, in the order of the ids."""
        return self.vocab

    def __len__(self) -> int:
        return self.vocab_size


class AggregateTokenizer(TokenizerSpec):
    """Tokenizers of several languages side by side.

    The ids of the first language come first, those of the second follow, and so on in the order of the dict. An id
    therefore tells its language; to get ids, the language has to be given.

    Args:
        tokenizers: language -> tokenizer, which has a ``vocab``.

    Raises:
        ConfigError: there are no tokenizers.
    """

    def __init__(self, tokenizers: Mapping[str, Any]) -> None:
        if not tokenizers:
            raise ConfigError(
                "AggregateTokenizer got no tokenizers. Expected one for each language: {'en': tokenizer, 'de': ...}."
            )
        self.tokenizers_dict = {str(language): tokenizer for language, tokenizer in tokenizers.items()}
        self.langs = list(self.tokenizers_dict)
        self.token_id_offset: dict[str, int] = {}
        self.langs_by_token_id: list[str] = []
        self.vocabulary: list[str] = []
        self._wordpiece_langs: set[str] = set()
        for language, tokenizer in self.tokenizers_dict.items():
            pieces = [str(piece) for piece in tokenizer.vocab]
            self.token_id_offset[language] = len(self.vocabulary)
            self.langs_by_token_id += [language] * len(pieces)
            self.vocabulary += pieces
            if any(piece.startswith(_WORD_CONTINUATION) for piece in pieces):
                self._wordpiece_langs.add(language)
        self.vocab_size = len(self.vocabulary)
        self.tokenizer = AggregateVocabulary(self.vocabulary)

    @property
    def vocab(self) -> list[str]:
        """The tokens of all languages, in the order of the ids."""
        return self.vocabulary

    @property
    def tokenizers(self) -> list[Any]:
        """The tokenizers, in the order of their ids."""
        return list(self.tokenizers_dict.values())

    @property
    def unk_ids(self) -> frozenset[int]:
        """The id of each language's unknown token."""
        found = ((lang, getattr(tokenizer, "unk_id", None)) for lang, tokenizer in self.tokenizers_dict.items())
        return frozenset(
            self.token_id_offset[lang] + index for lang, index in found if index is not None and index >= 0
        )

    # ------------------------------------------------------------------------------------------------- text to ids

    def text_to_tokens(self, text: str, lang_id: str) -> list[str]:  # type: ignore[override]  # the language is needed
        """The tokens of `text` in a language."""
        return self._of(lang_id).text_to_tokens(text)

    def text_to_ids(self, text: str, lang_id: str) -> list[int]:  # type: ignore[override]  # the language is needed
        """The ids of `text` in a language.

        Raises:
            ConfigError: there is no tokenizer for that language.
        """
        offset = self._offset(lang_id)
        return [offset + index for index in self.tokenizers_dict[lang_id].text_to_ids(text)]

    def tokens_to_text(self, tokens: Sequence[str], lang_id: str) -> str:  # type: ignore[override]
        """The text of tokens of a language."""
        return self._of(lang_id).tokens_to_text(tokens)

    def tokens_to_ids(self, tokens: str | Sequence[str], langs: str | Sequence[str]) -> Any:  # type: ignore[override]
        """The id of each token; one id for a single token.

        Args:
            tokens: one token, or several.
            langs: the language of all of them, or of each.
        """
        if isinstance(tokens, str):
            return self.token_to_id(tokens, langs if isinstance(langs, str) else langs[0])
        languages = [langs] * len(tokens) if isinstance(langs, str) else langs
        return [self.token_to_id(token, language) for token, language in zip(tokens, languages, strict=True)]

    def token_to_id(self, token: str, lang_id: str) -> int:
        """The id of one token of a language."""
        return self._offset(lang_id) + self.tokenizers_dict[lang_id].tokens_to_ids([token])[0]

    # ------------------------------------------------------------------------------------------------- ids to text

    def ids_to_tokens(self, ids: Sequence[int]) -> list[str]:
        """The token of each id."""
        return [self.vocabulary[self._checked(index)] for index in as_list(ids)]

    def ids_to_text(self, ids: Sequence[int]) -> str:
        """The text of ids, which may be of several languages."""
        text = ""
        for language, own_ids in self._runs(ids):
            tokenizer = self.tokenizers_dict[language]
            begins_word = self._begins_word(language, tokenizer.ids_to_tokens(own_ids[:1])[0])
            part = tokenizer.ids_to_text(own_ids)
            text += f" {part}" if text and begins_word and part else part
        return text

    def ids_to_text_and_langs(self, ids: Sequence[int]) -> list[dict[str, str]]:
        """For each id ``{"char": its text, "lang": its language}``; a token that begins a word begins with a space."""
        ids = as_list(ids)
        return [
            {"char": token.replace(_WORD_START, " "), "lang": language}
            for token, language in zip(self.ids_to_tokens(ids), self._langs_of(ids), strict=True)
        ]

    def ids_to_words_and_langs(self, ids: Sequence[int]) -> list[dict[str, str]]:
        """For each word ``{"word": text, "lang": the language of most of its tokens}``."""
        words: list[list[int]] = []
        for index in as_list(ids):
            token = self.vocabulary[self._checked(index)]
            if not words or self._begins_word(self.langs_by_token_id[index], token):
                words.append([])
            words[-1].append(index)
        found = [{"word": self.ids_to_text(word).strip(), "lang": self.ids_to_lang(word)} for word in words]
        return [word for word in found if word["word"]]

    def ids_to_lang(self, ids: Sequence[int]) -> str:
        """The language of most ids, the one that comes first if two have as many; empty without ids."""
        counts = Counter(self._langs_of(as_list(ids)))
        return max(counts, key=lambda language: counts[language]) if counts else ""

    # ---------------------------------------------------------------------------------------------------- lookups

    def _of(self, lang_id: str) -> Any:
        if lang_id not in self.tokenizers_dict:
            raise ConfigError(
                f"The language {lang_id!r} has no tokenizer. Expected one of {', '.join(self.langs)}; add it to "
                "tokenizer.langs, or mend `lang` where it was given."
            )
        return self.tokenizers_dict[lang_id]

    def _offset(self, lang_id: str) -> int:
        self._of(lang_id)
        return self.token_id_offset[lang_id]

    def _checked(self, index: int) -> int:
        if 0 <= index < self.vocab_size:
            return index
        raise ConfigError(f"The id {index} is no token. Expected ids from 0 to {self.vocab_size - 1}.")

    def _langs_of(self, ids: Sequence[int]) -> list[str]:
        return [self.langs_by_token_id[self._checked(index)] for index in ids]

    def _runs(self, ids: Sequence[int]) -> Iterator[tuple[str, list[int]]]:
        """Language and that tokenizer's own ids for each stretch of one language."""
        checked = [self._checked(index) for index in as_list(ids)]
        for language, run in groupby(checked, key=self.langs_by_token_id.__getitem__):
            offset = self.token_id_offset[language]
            yield language, [index - offset for index in run]

    def _begins_word(self, language: str, token: str) -> bool:
        """SentencePiece marks where a word begins, WordPiece where one goes on; others mark nothing."""
        if token.startswith(_WORD_START):
            return True
        return language in self._wordpiece_langs and not token.startswith(_WORD_CONTINUATION)
