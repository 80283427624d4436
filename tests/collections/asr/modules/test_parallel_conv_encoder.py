import pytest
import torch

from nemo.collections.asr.modules import ConvASREncoder, ParallelConvASREncoder
from nemo.utils.exceptions import ConfigError
from tests.collections.asr.modules.test_conv_encoder import block


def encoder(blocks, feat_in=8, **options):
    return ParallelConvASREncoder(blocks, activation="relu", feat_in=feat_in, **options)


SIDE_BY_SIDE = block(8, 5, residual=True) | {"kernel": [3, 7]}


def test_blocks_side_by_side_are_summed_with_their_input():
    module = encoder([block(8, 5, stride=[2]), SIDE_BY_SIDE]).eval()
    x, lengths = torch.randn(2, 8, 30), torch.tensor([30, 17])
    first, frames = module.encoder[0](([x], lengths))
    expected = first[-1] + sum(each((first, frames))[0][-1] for each in module.encoder[1].blocks)
    found, encoded_lengths = module(audio_signal=x, length=lengths)
    torch.testing.assert_close(found, expected)
    assert encoded_lengths.tolist() == [15, 9] and module.subsampling_factor == 2
    assert [each.mconv[0].conv.kernel_size for each in module.encoder[1].blocks] == [(3,), (7,)]


def test_one_kernel_a_block_is_a_plain_encoder():
    blocks = [block(8, 5, stride=[2]), block(6, 3)]
    module, plain = encoder(blocks).eval(), ConvASREncoder(blocks, activation="relu", feat_in=8).eval()
    plain.load_state_dict(module.state_dict())
    arguments = {"audio_signal": torch.randn(1, 8, 20), "length": torch.tensor([20])}
    assert torch.equal(module(**arguments)[0], plain(**arguments)[0])


@pytest.mark.parametrize("mode", ["weighted", "dropout"])
def test_factors_weight_the_blocks(mode):
    options = {"aggregation_mode": mode, "parallel_residual_mode": "conv", "filters": 6, "kernel": [[3], [7]]}
    module = encoder([SIDE_BY_SIDE | options]).eval()
    parallel = module.encoder[0]
    with torch.no_grad():
        parallel.weights.copy_(torch.tensor([0.25, 2.0]))
    x, lengths = torch.randn(2, 8, 12), torch.tensor([12, 12])
    outputs = [each(([x], lengths))[0][-1] for each in parallel.blocks]
    expected = 0.25 * outputs[0] + 2 * outputs[1] + parallel.res_conv(x, lengths)[0]
    torch.testing.assert_close(module(audio_signal=x, length=lengths)[0], expected)
    assert parallel.weights.requires_grad == (mode == "weighted")


def test_padding_does_not_change_results():
    module = encoder([SIDE_BY_SIDE, SIDE_BY_SIDE | {"parallel_residual_mode": "conv", "filters": 6}]).eval()
    x, lengths = torch.randn(2, 8, 30), torch.tensor([30, 17])
    together, _ = module(audio_signal=x, length=lengths)
    alone, _ = module(audio_signal=x[1:, :, :17], length=lengths[1:])
    torch.testing.assert_close(together[1, :, :17], alone[0], atol=1e-5, rtol=1e-4)


def test_faults_are_named():
    with pytest.raises(ConfigError, match="parallel_residual_mode to conv"):
        encoder([SIDE_BY_SIDE | {"filters": 6}])
    with pytest.raises(ConfigError, match="sum, dropout, weighted"):
        encoder([SIDE_BY_SIDE | {"aggregation_mode": "mean"}])
    with pytest.raises(ConfigError, match="lacks kernel"):
        encoder([SIDE_BY_SIDE | {"kernel": None}])
