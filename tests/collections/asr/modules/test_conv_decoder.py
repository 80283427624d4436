"""The frame classifier."""

import pytest
import torch

from nemo.collections.asr.modules import ConvASRDecoder
from nemo.utils.exceptions import ConfigError


def test_log_probabilities_are_those_of_a_linear_layer():
    decoder = ConvASRDecoder(4, 3, vocabulary=["a", "b", "c"])
    encoded = torch.randn(2, 4, 5)
    layer = decoder.decoder_layers[0]
    logits = encoded.transpose(1, 2) @ layer.weight[:, :, 0].t() + layer.bias
    torch.testing.assert_close(decoder(encoder_output=encoded), logits.log_softmax(-1))
    decoder.temperature = 2.0
    torch.testing.assert_close(decoder(encoder_output=encoded), (logits / 2).log_softmax(-1))


def test_blank_is_one_class_more():
    assert ConvASRDecoder(4, 3).num_classes_with_blank == 4
    assert ConvASRDecoder(4, 3, add_blank=False).num_classes_with_blank == 3


def test_number_of_classes_is_taken_from_the_vocabulary():
    decoder = ConvASRDecoder(4, -1, vocabulary=["a", "b"])
    assert decoder.num_classes_with_blank == 3
    assert decoder.vocabulary == ["a", "b"]


@pytest.mark.parametrize(
    ("classes", "vocabulary", "words"),
    [(-1, None, "give the vocabulary"), (28, ["a", "b"], "num_classes is 28, but decoder.vocabulary has 2 tokens")],
)
def test_contradictions_are_refused(classes, vocabulary, words):
    with pytest.raises(ConfigError, match=words):
        ConvASRDecoder(4, classes, vocabulary=vocabulary)
