"""German in IPA becomes ids."""

from nemo.collections.tts.text import GermanPhonemesTokenizer, ItalianPhonemesTokenizer


def test_phonemes_and_marks_have_tokens(caplog):
    tokenizer = GermanPhonemesTokenizer()
    assert tokenizer.decode(tokenizer("ɡuːtən, ɛ̃")) == "ɡuːtən, ɛ̃"
    assert (
        tokenizer.tokens[0] == " "
        and tokenizer.tokens[1] == "a"
        and len(set(tokenizer.tokens)) == 1 + 45 + 2 + 1 + 15 + 2
    )
    tokenizer("ʘa")
    assert "'ʘ' of the text 'ʘa' have no token" in caplog.text


def test_spaces_blanks_and_punctuation_are_as_asked():
    tokenizer = GermanPhonemesTokenizer(punct=False, apostrophe=False, pad_with_space=True, add_blank_at="last")
    assert tokenizer.tokens[-1] == "<blank>" and "," not in tokenizer.tokens
    assert tokenizer.decode(tokenizer("a  b")) == " a b "


def test_italian_in_ipa_and_in_letters(caplog):
    tokenizer = ItalianPhonemesTokenizer()
    text = "perˈke «città»? t͡ʃˈaːo"
    assert tokenizer.decode(tokenizer(text)) == text and not caplog.text
    assert len(set(tokenizer.tokens)) == len(tokenizer.tokens) and tokenizer.space == 0
    assert (
        tokenizer.decode(tokenizer("ciao 你")) == "ciao" and "'你' of the text 'ciao 你' have no token" in caplog.text
    )
