import pytest

from nemo.collections.tts.g2p.error_rates import PronunciationErrors, phonemes_of, words_of


def test_phonemes_and_words_of_both_alphabets():
    assert phonemes_of("HH AH0 L OW1") == ["HH", "AH0", "L", "OW1"]
    assert phonemes_of("ðə kˈæt") == list("ðəkˈæt")
    assert words_of("HH AH0 L OW1") == ["HH-AH0-L-OW1"]
    assert words_of("ðə kˈæt") == ["ðə", "kˈæt"]
    assert phonemes_of("") == words_of("") == []


@pytest.mark.parametrize(
    ("predicted", "wanted", "per", "wer"),
    [
        (["K AE1 T", "D AA1 G"], ["K AE1 T", "D AO1 G"], 1 / 6, 1 / 2),
        (["ðə kæt", "dɔɡ"], ["ðə kæts", "dɔɡ"], 1 / 9, 1 / 3),
        (["", "a"], ["kæt", "a"], 3 / 4, 1 / 2),
    ],
)
def test_rates_are_edits_over_what_is_right(predicted, wanted, per, wer):
    errors = PronunciationErrors()
    errors.update(predicted, wanted)
    assert errors.phonemes.compute().item() == pytest.approx(per)
    assert errors.words.compute().item() == pytest.approx(wer)
    assert not errors.state_dict()  # archives keep none of it
