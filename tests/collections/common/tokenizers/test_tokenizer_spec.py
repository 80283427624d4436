"""What all tokenizers share."""

import pytest

from nemo.collections.common.tokenizers import TokenizerSpec


class Letters(TokenizerSpec):
    """A user's tokenizer with a few roles."""

    bos_id, eos_id, pad_id = 1, 2, 0

    def text_to_tokens(self, text):
        return list(text)

    def tokens_to_text(self, tokens):
        return "".join(tokens)

    def tokens_to_ids(self, tokens):
        return [ord(token) for token in tokens]

    def ids_to_tokens(self, ids):
        return [chr(index) for index in ids]

    def text_to_ids(self, text):
        return self.tokens_to_ids(text)

    def ids_to_text(self, ids):
        return "".join(self.ids_to_tokens(ids))

    @property
    def sep_id(self):
        raise AttributeError("give a sep_token")


def test_short_names_are_the_ids_of_roles():
    tokenizer = Letters()
    assert (tokenizer.bos, tokenizer.eos, tokenizer.pad) == (1, 2, 0)
    for role in ("cls", "eod", "mask"):
        assert not hasattr(tokenizer, role)
        with pytest.raises(AttributeError, match=f"{role}_id"):
            getattr(tokenizer, role)


def test_the_reason_why_a_role_is_missing_is_kept():
    with pytest.raises(AttributeError, match="give a sep_token"):
        _ = Letters().sep


def test_a_tokenizer_has_a_name_and_tells_itself_from_others():
    tokenizer = Letters()
    assert tokenizer.name == "Letters"
    assert tokenizer.unique_identifiers == {"class": f"{__name__}.Letters"}
    with pytest.raises(NotImplementedError, match="Letters has a fixed set"):
        tokenizer.add_special_tokens(["<x>"])


def test_the_six_methods_are_asked_for():
    with pytest.raises(TypeError, match="abstract"):
        TokenizerSpec()
