import math

import pytest
import torch

from nemo.collections.common.transformer import FixedPositionalEncoding, TransformerEmbedding
from nemo.utils.exceptions import ConfigError, ShapeError


def test_positions_are_sines_and_cosines_over_the_root_of_the_width():
    table = FixedPositionalEncoding(6, 10).pos_enc
    for position, feature in ((0, 0), (3, 2), (9, 5), (7, 1)):
        angle = position / 10000 ** ((feature - feature % 2) / 6)
        expected = (math.cos if feature % 2 else math.sin)(angle) / math.sqrt(6)
        assert table[position, feature] == pytest.approx(expected, abs=1e-6)


def test_positions_beyond_the_table_go_on():
    short, long = FixedPositionalEncoding(8, 4), FixedPositionalEncoding(8, 40)
    positions = torch.arange(30)
    assert torch.allclose(short(positions), long(positions), atol=1e-6)
    assert short.pos_enc.shape == (4, 8) and list(short.state_dict()) == ["pos_enc"]


def test_embedding_is_the_normalised_sum():
    embedding = TransformerEmbedding(9, 6, max_sequence_length=8, num_token_types=2, learn_positional_encodings=True)
    ids, types = torch.tensor([[4, 5]]), torch.tensor([[1, 0]])
    total = (
        embedding.token_embedding.weight[[4, 5]]
        + embedding.position_embedding.weight[3:5]
        + embedding.token_type_embedding.weight[[1, 0]]
    )
    found = embedding(ids, types, start_pos=3)
    assert torch.allclose(found[0], torch.nn.functional.layer_norm(total, (6,)), atol=1e-6)


def test_texts_longer_than_learned_positions_and_types_that_are_none_are_refused():
    embedding = TransformerEmbedding(9, 6, max_sequence_length=4, num_token_types=0, learn_positional_encodings=True)
    with pytest.raises(ShapeError, match="5 tokens is too long.*learned 4 positions"):
        embedding(torch.zeros(1, 5, dtype=torch.long))
    with pytest.raises(ConfigError, match="num_token_types is 0"):
        embedding(torch.zeros(1, 2, dtype=torch.long), torch.zeros(1, 2, dtype=torch.long))
