import pytest
import torch

from nemo.collections.asr.modules import ConvASRDecoderReconstruction


@pytest.mark.parametrize(("transpose", "frames"), [(True, 40), (False, 3)])
def test_strides_double_or_halve_the_frames(transpose, frames):
    module = ConvASRDecoderReconstruction(6, 5, 8, stride_layers=2, non_stride_layers=1, stride_transpose=transpose)
    out = module(encoder_output=torch.randn(2, 6, 10))
    assert out.shape == (2, frames, 5)


def test_without_layers_it_is_two_projections_with_the_names_of_archives():
    module = ConvASRDecoderReconstruction(6, 5, 8, apply_softmax=True).eval()
    assert sorted(module.state_dict()) == [f"decoder_layers.{i}.{name}" for i in (0, 2) for name in ("bias", "weight")]
    x = torch.randn(2, 6, 10)
    first, _, last = module.decoder_layers
    hidden = (x.transpose(1, 2) @ first.weight[:, :, 0].T + first.bias).relu()
    expected = (hidden @ last.weight[:, :, 0].T + last.bias).softmax(-1)
    torch.testing.assert_close(module(encoder_output=x), expected)
