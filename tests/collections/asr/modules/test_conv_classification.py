"""The utterance classifier."""

import pytest
import torch

from nemo.collections.asr.modules import ConvASRDecoderClassification
from nemo.utils.exceptions import ConfigError


@pytest.mark.parametrize(("pooling", "pool"), [("avg", lambda x: x.mean(2)), ("max", lambda x: x.amax(2))])
def test_pooled_frames_are_classified(pooling, pool):
    decoder = ConvASRDecoderClassification(4, 3, pooling_type=pooling)
    encoded = torch.randn(2, 4, 5)
    layer = decoder.decoder_layers[0]
    torch.testing.assert_close(decoder(encoder_output=encoded), pool(encoded) @ layer.weight.t() + layer.bias)


def test_probabilities_sum_to_one():
    probabilities = ConvASRDecoderClassification(4, 3, return_logits=False)(encoder_output=torch.randn(2, 4, 5))
    torch.testing.assert_close(probabilities.sum(1), torch.ones(2))


def test_unknown_pooling_is_refused():
    with pytest.raises(ConfigError, match="pooling_type is 'mean'"):
        ConvASRDecoderClassification(4, 3, pooling_type="mean")
