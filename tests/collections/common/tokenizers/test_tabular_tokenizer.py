"""Tables as tokens."""

import numpy as np
import pytest

from nemo.collections.common.tokenizers import TabularTokenizer
from nemo.collections.common.tokenizers.column_coder import ColumnCodes
from nemo.utils.exceptions import ConfigError

CONFIGS = [
    {"name": "price", "code_type": "float", "args": {"code_len": 3, "base": 100, "transform": "robust"}},
    {"name": "count", "code_type": "int", "args": {"code_len": 2, "base": 10}},
    {"name": "city", "code_type": "category"},
]


@pytest.fixture
def codes():
    arrays = {"price": np.linspace(0.5, 9.5, 50), "count": np.arange(90), "city": np.array(["Bonn", "Rome", "a b"])}
    return ColumnCodes.get_column_codes(CONFIGS, arrays)


@pytest.fixture
def tokenizer(codes):
    return TabularTokenizer(codes, delimiter=",")


def test_rows_become_ids_and_come_back(tokenizer, codes):
    text = "1.5,42,Rome\n2.25, 7 ,a b<|endoftext|>9,nan,Bonn\n"
    tokens = tokenizer.text_to_tokens(text)
    assert tokens == ["1.5", "42", "Rome", "\n", "2.25", "7", "a b", "<|endoftext|>", "9", "nan", "Bonn", "\n"]
    ids = tokenizer.text_to_ids(text)
    assert len(ids) == 3 * sum(codes.sizes) + 3
    assert ids[6] == tokenizer.eor == codes.vocab_size + 1
    assert ids[13] == tokenizer.eod == tokenizer.eod_id == tokenizer.eos == codes.vocab_size
    assert tokenizer.vocab_size == codes.vocab_size + 2
    decoded = tokenizer.ids_to_tokens(ids)
    assert [float(decoded[place]) for place in (0, 4, 8)] == pytest.approx([1.5, 2.25, 9.0], abs=1e-4)
    assert [decoded[place] for place in (1, 5, 9)] == ["42", "7", "nan"]
    first, second, third = (decoded[place] for place in (0, 4, 8))
    assert tokenizer.ids_to_text(ids) == f"{first},42,Rome\n{second},7,a b<|endoftext|>{third},nan,Bonn\n"


def test_text_may_begin_and_end_within_a_row(tokenizer, codes):
    ids = tokenizer.text_to_ids("42,Rome\n1.5,7,Bonn\n9.5")
    assert len(ids) == 3 + 1 + 6 + 1 + 3
    assert tokenizer.ids_to_tokens(ids)[:3] == ["42", "Rome", "\n"]
    assert tokenizer.ids_to_tokens(ids[1:])[:2] == ["Rome", "\n"]
    assert tokenizer.ids_to_tokens(ids[:-1])[-1] == "\n"
    assert tokenizer.text_to_ids("1.5,7") == tokenizer.text_to_ids("1.5,7,Bonn")[:-1]
    assert tokenizer.text_to_ids("") == []
    assert tokenizer.tokens_to_ids("\n") == tokenizer.eor


def test_codes_are_read_from_their_file(codes, tmp_path):
    codes.save(tmp_path / "codes.json")
    tokenizer = TabularTokenizer(tmp_path / "codes.json", delimiter=";")
    assert tokenizer.ids_to_tokens(tokenizer.text_to_ids("1.5;42;Rome"))[1:] == ["42", "Rome"]


def test_faults_are_named(tokenizer, codes):
    with pytest.raises(ConfigError, match="'1,2,Rome,3' has 4 values. Expected 3: price, count, city"):
        tokenizer.text_to_ids("1,2,Rome,3")
    with pytest.raises(ConfigError, match="'2,Rome' has 2 values"):
        tokenizer.text_to_ids("1,2,Rome\n2,Rome\n1,2,Rome")
    with pytest.raises(ConfigError, match="begins no value"):
        tokenizer.ids_to_text([tokenizer.eor, tokenizer.text_to_ids("1,2,Rome")[1]])
    with pytest.raises(ConfigError, match=r"lack '\\n'"):
        TabularTokenizer(codes, special_tokens=["<|endoftext|>"])
