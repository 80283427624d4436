"""Sentences with labels as pieces: alignment, masks, padding."""

import pytest

from nemo.collections.nlp.data.token_labels import BertTokenClassificationDataset, BertTokenClassificationInferDataset
from nemo.collections.nlp.modules.tokenizers import get_tokenizer
from nemo.utils.exceptions import ConfigError
from tests.collections.nlp.toy_tagging import model_sections, write_ner


@pytest.fixture
def tokenizer(tmp_path):
    model_sections(tmp_path)
    return get_tokenizer("bert-base-uncased", vocab_file=str(tmp_path / "vocab.txt"))


def dataset(folder, tokenizer, length=32, **options):
    text, labels = write_ner(folder, text=["anna sees", "bob"], labels=["B-PER O", "B-PER"])
    return BertTokenClassificationDataset(text, labels, length, tokenizer, **options)


def rows(tensor):
    return tensor.int().tolist()


def test_all_pieces_of_a_word_have_its_label(tmp_path, tokenizer):
    data = dataset(tmp_path, tokenizer)
    input_ids, segments, mask, starts, loss_mask, labels = data.collate_fn([data[0], data[1]])
    an, na, sees, bob = (tokenizer.token_to_id(piece) for piece in ("an", "##na", "sees", "bob"))
    cls, sep, pad = tokenizer.cls_id, tokenizer.sep_id, tokenizer.pad_id
    assert input_ids.tolist() == [[cls, an, na, sees, sep], [cls, bob, sep, pad, pad]]
    assert segments.tolist() == [[0] * 5] * 2
    assert mask.tolist() == [[1] * 5, [1, 1, 1, 0, 0]]
    assert rows(starts) == [[0, 1, 0, 1, 0], [0, 1, 0, 0, 0]]
    assert labels.tolist() == [[0, 1, 1, 0, 0], [0, 1, 0, 0, 0]]
    assert rows(loss_mask) == [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]
    assert data.label_frequencies == {"B-PER": 2, "O": 1}


def test_the_loss_can_leave_out_extra_pieces_and_both_ends(tmp_path, tokenizer):
    data = dataset(tmp_path, tokenizer, ignore_extra_tokens=True, ignore_start_end=True)
    assert rows(data.collate_fn([data[0], data[1]])[4]) == [[0, 1, 0, 1, 0], [0, 1, 0, 0, 0]]
    data = dataset(tmp_path, tokenizer, ignore_start_end=True)
    assert rows(data.collate_fn([data[0]])[4]) == [[0, 1, 1, 1, 0]]


def test_long_sentences_are_cut_and_too_little_room_is_refused(tmp_path, tokenizer):
    data = dataset(tmp_path, tokenizer, length=4)
    assert rows(data.collate_fn([data[0]])[3]) == [[0, 1, 0, 0]]
    with pytest.raises(ConfigError, match="max_seq_length is 2"):
        dataset(tmp_path, tokenizer, length=2)


def test_queries_have_no_labels_and_unknown_words_keep_a_piece(tokenizer):
    data = BertTokenClassificationInferDataset(["anna \u200b\u00ad zzz"], -1, tokenizer)
    input_ids, _, _, starts = data.collate_fn([data[0]])
    assert int(starts.sum()) == 3
    assert (input_ids == tokenizer.unk_id).sum() >= 1
