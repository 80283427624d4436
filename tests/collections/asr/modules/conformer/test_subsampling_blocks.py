"""Blocks of frames give what the whole recording gives."""

import pytest
import torch

from nemo.collections.asr.modules.conformer import subsampling_blocks
from nemo.collections.asr.modules.conformer.subsampling import ConvSubsampling


@pytest.mark.parametrize("kind", ["striding", "dw_striding"])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("masks", [False, True])
@pytest.mark.parametrize("numbers", [2**20, 400, 1])
def test_equal_to_the_layers_one_after_the_other(kind, causal, masks, numbers, monkeypatch):
    monkeypatch.setattr(subsampling_blocks, "BLOCK_NUMBERS", numbers)
    model = ConvSubsampling(kind, 8, 17, 12, 6, is_causal=causal)
    model.masks_padding = masks
    for frames in (1, 2, 7, 8, 9, 64, 101, 203):
        x, lengths = torch.randn(2, frames, 17), torch.tensor([frames, max(1, frames // 2)])
        expected, expected_lengths = model(x, lengths)  # gradients are wanted: layer by layer
        with torch.no_grad():
            found, found_lengths = model(x, lengths)
        assert found_lengths.tolist() == expected_lengths.tolist()
        assert found.shape == expected.shape
        assert torch.allclose(found, expected, atol=1e-5)


def test_other_activations_and_layers():
    model = ConvSubsampling("striding", 4, 16, 12, 6, activation=torch.nn.SiLU())
    x, lengths = torch.randn(1, 50, 16), torch.tensor([50])
    with torch.no_grad():
        found = model(x, lengths)[0]
    assert torch.allclose(found, model(x, lengths)[0], atol=1e-5)
    assert subsampling_blocks.stages_of(list(ConvSubsampling("vggnet", 4, 16, 12, 6).conv)) is None


def test_the_input_stays_as_it_is():
    model = ConvSubsampling("dw_striding", 8, 16, 12, 6)
    model.masks_padding = True
    x = torch.randn(2, 40, 16)
    before = x.clone()
    with torch.no_grad():
        model(x, torch.tensor([40, 13]))
    assert torch.equal(x, before)


def test_half_precision_goes_in_blocks_too():
    module = ConvSubsampling("dw_striding", 8, 16, 8, 6).eval()
    x, lengths = torch.randn(2, 50, 16), torch.tensor([50, 37])
    with torch.no_grad():
        expected = module(x, lengths)[0]
        found = module.bfloat16()(x.bfloat16(), lengths)[0]
    torch.testing.assert_close(found.float(), expected, atol=2e-2, rtol=2e-2)  # 8 bits


@pytest.mark.parametrize("kind", ["dw_striding", "striding", "vggnet"])
@pytest.mark.parametrize(("is_causal", "masks_padding"), [(False, False), (True, False), (False, True)])
def test_gradients_are_those_of_the_layers_one_after_the_other(kind, is_causal, masks_padding):
    module = ConvSubsampling(kind, 4, 16, 8, 6, is_causal=is_causal and kind != "vggnet")
    module.masks_padding = masks_padding
    x, lengths = torch.randn(2, 50, 16, requires_grad=True), torch.tensor([50, 50])
    inputs = [x, *module.parameters()]
    found = module(x, lengths)[0]
    plain = module.conv(x.unsqueeze(1))
    expected = module.out(plain.transpose(1, 2).flatten(2))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    grad = torch.randn_like(expected)
    for ours, theirs in zip(
        torch.autograd.grad(found, inputs, grad), torch.autograd.grad(expected, inputs, grad), strict=True
    ):
        torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)
