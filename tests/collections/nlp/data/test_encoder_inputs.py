import pytest

from nemo.collections.common.tokenizers.by_name import get_tokenizer
from nemo.collections.nlp.data.encoder_inputs import EncoderInputs
from nemo.utils.exceptions import ConfigError
from tests.collections.nlp import tiny_classifier as tiny


@pytest.fixture
def tokenizer(tmp_path):
    return get_tokenizer("bert-base-uncased", vocab_file=tiny.vocabulary(tmp_path))


def pieces(tokenizer, sample):
    return " ".join(tokenizer.ids_to_tokens(sample.ids))


def test_one_text_stands_between_cls_and_sep(tokenizer):
    sample = EncoderInputs(tokenizer).of_text("Play tables")
    assert pieces(tokenizer, sample) == "[CLS] play table ##s [SEP]"
    assert sample.type_ids == [0] * 5


def test_of_a_long_text_the_end_is_kept(tokenizer):
    inputs = EncoderInputs(tokenizer, max_seq_length=5)
    assert pieces(tokenizer, inputs.of_text("what is the weather in rome")) == "[CLS] weather in rome [SEP]"
    assert inputs.cut == 1
    assert pieces(tokenizer, inputs.of_text("play some jazz")) == "[CLS] play some jazz [SEP]"
    assert inputs.cut == 1


def test_the_second_of_a_pair_has_type_one(tokenizer):
    sample = EncoderInputs(tokenizer).of_pair("play jazz", "book")
    assert pieces(tokenizer, sample) == "[CLS] play jazz [SEP] book [SEP]"
    assert sample.type_ids == [0, 0, 0, 0, 1, 1]


@pytest.mark.parametrize("first", range(8))
@pytest.mark.parametrize("second", range(8))
def test_of_a_long_pair_tokens_go_one_by_one_from_the_longer(tokenizer, first, second):
    words = tiny.WORDS[:8]
    sample = EncoderInputs(tokenizer, max_seq_length=9).of_pair(" ".join(words[:first]), " ".join(words[:second]))
    kept = [words[:first], words[:second]]
    while len(kept[0]) + len(kept[1]) > 6:  # what is said, word by word
        longer = 0 if len(kept[0]) > len(kept[1]) else 1
        kept[longer] = kept[longer][:-1]
    expected = ["[CLS]", *kept[0], "[SEP]", *kept[1], "[SEP]"]
    assert pieces(tokenizer, sample).split() == expected
    assert sample.second_from == len(kept[0]) + 2


def test_padding_fills_up_to_the_longest(tokenizer):
    inputs = EncoderInputs(tokenizer)
    ids, types, mask = inputs.padded([inputs.of_text("play"), inputs.of_pair("play", "some jazz")])
    assert ids.shape == types.shape == mask.shape == (2, 6)
    assert ids[0].tolist() == [2, 5, 3, 0, 0, 0]
    assert mask[0].tolist() == [1, 1, 1, 0, 0, 0]
    assert types[1].tolist() == [0, 0, 0, 1, 1, 1]


def test_no_room_for_a_text_is_refused(tokenizer):
    with pytest.raises(ConfigError, match="max_seq_length is 3"):
        EncoderInputs(tokenizer, max_seq_length=3)
