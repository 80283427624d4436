"""Joint networks besides the plain one: HAT's separate blank, and training on a sample of the vocabulary."""

import copy

import pytest
import torch

from nemo.collections.asr.losses.rnnt import RNNTLoss
from nemo.collections.asr.modules.hat_joint import HATJoint
from nemo.collections.asr.modules.rnnt_joint import RNNTJoint
from nemo.collections.asr.modules.sampled_joint import SampledRNNTJoint
from nemo.utils.exceptions import ConfigError

SIZES = {"encoder_hidden": 6, "pred_hidden": 5, "joint_hidden": 7, "activation": "tanh"}


def test_hat_decides_whether_a_token_comes_apart_from_which():
    torch.manual_seed(0)
    joint = HATJoint(SIZES, 4)
    frames, places = torch.randn(2, 3, 6), torch.randn(2, 2, 5)
    probabilities = joint.joint(frames, places).exp()
    assert probabilities.shape == (2, 3, 2, 5)
    assert torch.allclose(probabilities.sum(-1), torch.ones(2, 3, 2), atol=1e-5)
    hidden = torch.tanh(joint.enc(frames)[:, :, None] + joint.pred(places)[:, None])
    blank = torch.sigmoid(joint.blank_pred[-1](hidden)[..., 0])
    tokens = joint.joint_net[-1](hidden).softmax(-1)
    assert torch.allclose(probabilities[..., 4], blank, atol=1e-6)
    assert torch.allclose(probabilities[..., :4], tokens * (1 - blank[..., None]), atol=1e-6)
    assert {"blank_pred.1.weight", "joint_net.1.weight"} <= set(joint.state_dict())


def batch():
    torch.manual_seed(1)
    frames, places = torch.randn(3, 6, 8), torch.randn(3, 5, 5)
    targets = torch.randint(0, 20, (3, 4))
    return {
        "encoder_outputs": frames, "decoder_outputs": places, "encoder_lengths": torch.tensor([8, 5, 7]),
        "transcripts": targets, "transcript_lengths": torch.tensor([4, 2, 3]),
    }  # fmt: skip


def test_a_sample_of_all_tokens_gives_the_plain_loss_and_gradients():
    sampled = SampledRNNTJoint(SIZES, 20, n_samples=20, fuse_loss_wer=True, fused_batch_size=2)
    plain = RNNTJoint(SIZES, 20, fuse_loss_wer=True, fused_batch_size=2)
    plain.load_state_dict(sampled.state_dict())
    losses = []
    for joint in (sampled, plain):
        joint.set_loss(RNNTLoss(num_classes=20))
        loss = joint(**batch())[0]
        loss.backward()
        losses.append(loss.item())
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    torch.testing.assert_close(sampled.joint_net[-1].weight.grad, plain.joint_net[-1].weight.grad)


def test_fewer_tokens_give_a_smaller_loss_in_training_and_the_plain_one_in_evaluation():
    sampled = SampledRNNTJoint(SIZES, 20, n_samples=2, fuse_loss_wer=True, fused_batch_size=3)
    sampled.set_loss(RNNTLoss(num_classes=20))
    training = sampled(**batch())[0]
    evaluation = sampled.eval()(**batch())[0]
    full = copy.deepcopy(sampled).eval()(**batch())[0]
    assert training < evaluation and evaluation == full


def test_a_sampled_joint_needs_the_fused_loss():
    with pytest.raises(ConfigError, match="fuse_loss_wer is false"):
        SampledRNNTJoint(SIZES, 20, n_samples=2)
    with pytest.raises(ConfigError, match="n_samples is 0"):
        SampledRNNTJoint(SIZES, 20, n_samples=0, fuse_loss_wer=True, fused_batch_size=2)
