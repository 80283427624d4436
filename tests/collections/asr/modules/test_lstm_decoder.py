import pytest
import torch

from nemo.collections.asr.modules import LSTMDecoder
from nemo.utils.exceptions import ConfigError


@pytest.mark.parametrize("bidirectional", [False, True])
def test_it_is_an_lstm_and_a_linear_layer(bidirectional):
    module = LSTMDecoder(6, -1, 5, vocabulary=["a", "b"], bidirectional=bidirectional, num_layers=2)
    encoded = torch.randn(2, 6, 7)
    lstm = torch.nn.LSTM(6, 5, 2, batch_first=True, bidirectional=bidirectional)
    lstm.load_state_dict(module.lstm_layer.state_dict())
    expected = module.linear_layer(lstm(encoded.transpose(1, 2))[0]).log_softmax(-1)
    torch.testing.assert_close(module(encoder_output=encoded), expected)
    assert expected.shape == (2, 7, 3) and module.num_classes_with_blank == 3 and module.vocabulary == ["a", "b"]


def test_faults_are_named():
    with pytest.raises(ConfigError, match="vocabulary has 2 tokens"):
        LSTMDecoder(6, 3, 5, vocabulary=["a", "b"])
    with pytest.raises(ConfigError, match="num_classes is 0"):
        LSTMDecoder(6, -1, 5)
    assert LSTMDecoder(6, 3, 5, add_blank=False).num_classes_with_blank == 3
