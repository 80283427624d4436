"""Characters by the labels of old Tacotron 2 models."""

from nemo.collections.tts.text.labels_tokenizer import LabelsTokenizer


def test_a_text_begins_and_ends_with_marks():
    tokenizer = LabelsTokenizer([" ", "a", "b", "!"])
    assert tokenizer.tokens == [" ", "a", "b", "!", "<bos>", "<eos>", "<pad>"]
    assert tokenizer("A b!") == [4, 1, 0, 2, 3, 5]
    assert (tokenizer.pad, tokenizer.space) == (6, 0)
    assert tokenizer.decode([4, 1, 0, 2, 3, 5, 6, 6]) == "a b!"


def test_what_is_no_label_is_left_out_and_nothing_remains_nothing(caplog):
    tokenizer = LabelsTokenizer(["a", "b"])
    assert tokenizer("a日b") == [2, 0, 1, 3]
    assert "not among the 2 labels" in caplog.text
    assert tokenizer("日") == tokenizer("") == []
