import pytest
import torch

from nemo.collections.asr.modules import RNNEncoder
from nemo.utils.exceptions import ConfigError, ShapeError


@pytest.mark.parametrize("options", [{}, {"proj_size": 3}, {"bidirectional": False}, {"subsampling": "stacking"},
                                     {"subsampling": None}, {"subsampling": "dw_striding", "n_layers": 1}])  # fmt: skip
def test_padding_does_not_change_results(options):
    module = RNNEncoder(**{"feat_in": 8, "n_layers": 2, "d_model": 6} | options).eval()
    module.follow_release("3.0.0")
    x, lengths = torch.randn(3, 8, 41), torch.tensor([41, 30, 9])
    x[torch.arange(41) >= lengths[:, None, None].expand_as(x)] = 0.0  # as preprocessors leave it
    together, encoded_lengths = module(audio_signal=x, length=lengths)
    assert together.shape == (3, module._feat_out, int(encoded_lengths.max()))
    for row, length in enumerate(lengths.tolist()):
        alone, _ = module(audio_signal=x[row : row + 1, :, :length], length=lengths[row : row + 1])
        torch.testing.assert_close(together[row, :, : alone.shape[2]], alone[0], atol=1e-5, rtol=1e-4)


def test_one_direction_sees_nothing_of_the_future():
    module = RNNEncoder(8, 2, 6, bidirectional=False, subsampling="stacking", dropout=0.0)
    x = torch.randn(1, 8, 40, requires_grad=True)
    encoded, _ = module(audio_signal=x, length=torch.tensor([40]))
    (gradient,) = torch.autograd.grad(encoded[0, :, 4].sum(), x)
    assert gradient[0, :, 20:].abs().max() == 0 and gradient[0, :, :20].abs().min() > 0


def test_without_subsampling_it_is_pytorchs_lstm():
    module = RNNEncoder(8, 3, 6, subsampling_factor=1).eval()
    x = torch.randn(2, 8, 11)
    encoded, lengths = module(audio_signal=x, length=torch.tensor([11, 11]))
    lstm = torch.nn.LSTM(8, 6, 3, batch_first=True, bidirectional=True)
    lstm.load_state_dict(module.layers[0].state_dict())
    torch.testing.assert_close(encoded, lstm(x.transpose(1, 2))[0].transpose(1, 2))
    assert lengths.tolist() == [11, 11] and module.subsampling_factor == 1
    assert "layers.0.weight_hh_l2_reverse" in module.state_dict()


def test_faults_are_named():
    with pytest.raises(ConfigError, match="'gru'; expected 'lstm'"):
        RNNEncoder(8, 1, 6, rnn_type="gru")
    with pytest.raises(ShapeError, match="D=8"):
        RNNEncoder(8, 1, 6)(audio_signal=torch.randn(1, 7, 20), length=torch.tensor([20]))
