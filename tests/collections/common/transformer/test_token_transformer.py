import pytest
import torch

from nemo.collections.common.modules.token_classifier import TokenClassifier
from nemo.collections.common.modules.transformer_init import transformer_weights_init
from nemo.collections.common.transformer import (
    TransformerDecoderNM,
    TransformerEncoderNM,
    get_nemo_transformer,
)
from nemo.utils.exceptions import ConfigError, NotYetSupportedError

SIZES = {"vocab_size": 9, "hidden_size": 8, "num_layers": 1, "inner_size": 12, "num_attention_heads": 2}


def test_sections_of_published_configs_build():
    section = {**SIZES, "library": "nemo", "model_name": None, "pretrained": False, "learn_positional_encodings": False}
    assert type(get_nemo_transformer(config_dict=section)) is TransformerEncoderNM
    decoder = get_nemo_transformer(config_dict={**section, "pre_ln": True}, encoder=None)
    assert type(decoder) is TransformerDecoderNM and decoder.decoder.final_layer_norm is not None
    decoder = get_nemo_transformer(
        config_dict={**section, "pre_ln": True}, encoder=False, pre_ln_final_layer_norm=False
    )
    assert decoder.decoder.final_layer_norm is None


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"model_name": "something"}, ConfigError, "model_name is 'something'"),
        ({"config_dict": {**SIZES, "vocab_size": None}}, ConfigError, "vocab_size is not set"),
        ({"config_dict": {"vocab_size": 9}}, ConfigError, "hidden_size is mandatory"),
        ({"config_dict": {**SIZES, "arch": "perceiver"}}, NotYetSupportedError, "arch is 'perceiver'"),
        ({"config_dict": {**SIZES, "hidden_act": "none"}}, ConfigError, "hidden_act is 'none'"),
    ],
)
def test_what_cannot_be_built_is_named(options, error, message):
    with pytest.raises(error, match=message):
        get_nemo_transformer(**{"config_dict": SIZES, **options})


def test_weights_begin_as_they_should():
    torch.manual_seed(0)
    decoder = get_nemo_transformer(config_dict={**SIZES, "hidden_size": 64, "vocab_size": 500}, encoder=False)
    decoder.apply(lambda module: transformer_weights_init(module, std_init_range=0.125))
    assert decoder.embedding.token_embedding.weight.std().item() == pytest.approx(0.125, rel=0.05)
    bound = (6 / (64 + 64)) ** 0.5
    query = decoder.decoder.layers[0].first_sub_layer.query_net
    assert query.weight.abs().max() <= bound and query.weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.1)
    assert not query.bias.any()


def test_classifier_is_dropout_and_a_perceptron():
    classifier = TokenClassifier(8, 5, num_layers=2, dropout=0.5)
    assert set(classifier.state_dict()) == {f"mlp.layer{n}.{kind}" for n in (0, 2) for kind in ("weight", "bias")}
    states = torch.randn(2, 3, 8)
    classifier.eval()
    assert torch.allclose(classifier(hidden_states=states).exp().sum(-1), torch.ones(2, 3), atol=1e-5)
    assert TokenClassifier(8, 5, log_softmax=False).output_types.keys() == {"logits"}
