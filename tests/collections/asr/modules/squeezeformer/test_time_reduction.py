import pytest
import torch

from nemo.collections.asr.modules.conformer.attention_context import AttentionMask, attention_mask
from nemo.collections.asr.modules.squeezeformer.time_reduction import TimeReductionModule, repeated


@pytest.mark.parametrize("frames", [1, 2, 5, 8, 9])
def test_frame_i_of_the_result_sees_the_frames_around_2i(frames):
    module = TimeReductionModule(3, 3)
    x = torch.randn(1, frames, 3, requires_grad=True)
    out, _ = module(x, AttentionMask())
    assert out.shape == (1, (frames + 1) // 2, 3)
    for index in range(out.shape[1]):
        (gradient,) = torch.autograd.grad(out[0, index].sum(), x, retain_graph=True)
        seen = gradient[0].abs().sum(1).nonzero().flatten().tolist()
        assert seen == [frame for frame in range(2 * index - 3, 2 * index + 2) if 0 <= frame < frames]


def test_padding_and_context_are_those_of_every_second_frame():
    mask = attention_mask(7, 0, torch.tensor([7, 4]), None, [2, 2], "regular")
    module = TimeReductionModule(3, 3)
    x = torch.randn(2, 7, 3)
    out, halved = module(x, mask)
    assert halved.is_padding[..., 0].tolist() == [[False] * 4, [False, False, True, True]]
    assert torch.equal(halved.blocked, mask.blocked[:, :, ::2, ::2])
    alone, _ = module(x[1:, :4], AttentionMask())
    torch.testing.assert_close(out[1, :2], alone[0], atol=1e-6, rtol=1e-5)


def test_repeated_frames_are_cut_to_as_many_as_there_were():
    assert repeated(torch.tensor([[[1.0], [2.0]]]), 2, 3)[0, :, 0].tolist() == [1, 1, 2]
