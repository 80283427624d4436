import copy
import pickle

import pytest
import torch
from transformers import AutoModel, BertConfig, DistilBertConfig, RobertaConfig

from nemo.collections.common.text_encoders.encoder import BertEncoder
from nemo.utils.exceptions import ArchiveError, ShapeError

SIZES = {
    "vocab_size": 30, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24,
    "max_position_embeddings": 12,
}  # fmt: skip
IDS = torch.arange(5, 17).reshape(2, 6)
MASK = torch.tensor([[1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0]])


def bert(**more):
    return BertEncoder(AutoModel.from_config(BertConfig(**SIZES, **more)).train(), "toy")


def test_states_and_names_of_weights_are_those_of_transformers():
    encoder = bert().eval()
    network = AutoModel.from_config(encoder.config).eval()
    network.load_state_dict(encoder.state_dict())  # strict: no prefix, nothing more, nothing less
    expected = network(input_ids=IDS, attention_mask=MASK, token_type_ids=torch.zeros_like(IDS)).last_hidden_state
    assert torch.equal(encoder(input_ids=IDS, attention_mask=MASK), expected)
    names = [name for name, _ in encoder.named_parameters()]
    assert "embeddings.word_embeddings.weight" in names
    assert len(names) == len(set(names)) == len(list(network.named_parameters()))


def test_the_mode_reaches_the_wrapped_network_at_every_switch():
    encoder = bert()
    assert encoder.training is encoder._network.training is True
    encoder.eval()
    assert encoder.training is encoder._network.training is encoder.embeddings.dropout.training is False
    encoder.training = True
    assert encoder._network.training is True
    assert encoder.embeddings.dropout.training is False


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda encoder: pickle.loads(pickle.dumps(encoder))])
def test_a_copy_is_whole_and_apart(copied):
    encoder = bert().eval()
    twin = copied(encoder)
    states = encoder(input_ids=IDS)
    assert torch.equal(twin(input_ids=IDS), states)
    with torch.no_grad():
        twin.embeddings.word_embeddings.weight.zero_()
    assert not torch.equal(twin(input_ids=IDS), states)
    assert torch.equal(encoder(input_ids=IDS), states)
    assert twin.to(torch.float64)(input_ids=IDS).dtype == torch.float64


def test_a_replaced_part_is_used():
    encoder = bert().eval()
    before = encoder(input_ids=IDS)
    encoder.resize_token_embeddings(33)
    assert encoder.state_dict()["embeddings.word_embeddings.weight"].shape == (33, 16)
    assert encoder.vocab_size == 33
    torch.testing.assert_close(encoder(input_ids=IDS), before)
    assert encoder.get_input_embeddings() is encoder.embeddings.word_embeddings


def test_gradients_reach_every_weight_but_the_pooler():
    encoder = bert()
    encoder(input_ids=IDS, attention_mask=MASK).sum().backward()
    without = [name for name, weight in encoder.named_parameters() if weight.grad is None]
    assert without == ["pooler.dense.weight", "pooler.dense.bias"]


def test_padding_changes_nothing():
    encoder = bert().eval()
    alone = encoder(input_ids=IDS[1:, :3])
    torch.testing.assert_close(encoder(input_ids=IDS, attention_mask=MASK)[1:, :3], alone)


def test_texts_beyond_the_positions_are_refused_by_name():
    with pytest.raises(ShapeError, match="The encoder toy got texts of 13 tokens; it has 12 positions"):
        bert()(input_ids=torch.zeros(1, 13, dtype=torch.int64))


def test_architectures_without_token_types_or_with_fewer_positions():
    roberta = BertEncoder(AutoModel.from_config(RobertaConfig(**SIZES, pad_token_id=1, type_vocab_size=1)))
    assert roberta.max_length == 10
    assert roberta(input_ids=IDS, token_type_ids=torch.zeros_like(IDS)).shape == (2, 6, 16)
    small = DistilBertConfig(vocab_size=30, dim=16, n_layers=1, n_heads=2, hidden_dim=24, max_position_embeddings=12)
    distilled = BertEncoder(AutoModel.from_config(small))
    assert distilled(input_ids=IDS, attention_mask=MASK, token_type_ids=torch.ones_like(IDS)).shape == (2, 6, 16)
    assert distilled.hidden_size == 16


def test_numbers_of_positions_in_old_archives_are_left_out():
    encoder = bert()
    weights = {**encoder.state_dict(), "embeddings.position_ids": torch.arange(12)[None]}
    encoder.load_state_dict(weights)


@pytest.mark.parametrize("prefix", ["", "bert_model.", "bert."])
def test_weights_are_found_under_their_prefix(tmp_path, prefix):
    source, target = bert(), bert()
    path = tmp_path / "weights.pt"
    torch.save({"state_dict": {prefix + name: value for name, value in source.state_dict().items()}}, path)
    target.restore_weights(path)
    assert torch.equal(target.encoder.layer[0].output.dense.weight, source.encoder.layer[0].output.dense.weight)


def test_weights_of_something_else_are_refused(tmp_path):
    path = tmp_path / "weights.pt"
    torch.save({"encoder.layer.0.weight": torch.zeros(3)}, path)
    with pytest.raises(ArchiveError, match="lacks 3[0-9] tensors of this encoder"):
        bert().restore_weights(path)
    torch.save({**bert().state_dict(), "embeddings.word_embeddings.weight": torch.zeros(3, 3)}, path)
    with pytest.raises(ArchiveError, match="does not fit this encoder"):
        bert().restore_weights(path)
