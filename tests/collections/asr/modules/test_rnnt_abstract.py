import pytest
import torch

from nemo.collections.asr.decoding.rnnt_greedy import GreedyTransducerSearch
from nemo.collections.asr.decoding.transducer_moves import BlankMoves
from nemo.collections.asr.modules import HATJoint, RNNTDecoder, RNNTJoint, StatelessTransducerDecoder
from nemo.collections.asr.modules.rnnt_abstract import AbstractRNNTDecoder, AbstractRNNTJoint
from nemo.utils.exceptions import ConfigError


class Sums(AbstractRNNTJoint):
    """A joint network without weights."""

    num_classes_with_blank = 4
    num_extra_outputs = 0
    log_softmax = True

    def project_encoder(self, encoder_output):
        return encoder_output

    def project_prednet(self, prednet_output):
        return prednet_output

    def joint_after_projection(self, f, g):
        return (f.unsqueeze(2) + g.unsqueeze(1)).log_softmax(-1)


def test_the_networks_are_of_these_kinds():
    assert all(issubclass(kind, AbstractRNNTJoint) for kind in (RNNTJoint, HATJoint))
    assert all(issubclass(kind, AbstractRNNTDecoder) for kind in (RNNTDecoder, StatelessTransducerDecoder))


def test_a_joint_network_of_a_user_is_searched_with():
    joint, decoder = Sums(), RNNTDecoder({"pred_hidden": 4, "pred_rnn_layers": 1}, vocab_size=3)
    frames = 9 * torch.eye(4)[torch.tensor([[3, 1, 3, 0, 2]])]
    places, _ = decoder.predict(None, None, add_sos=True, batch_size=1)
    expected = (frames[:, :, None] + places[:, None]).log_softmax(-1)
    assert torch.equal(joint.joint(frames, places), expected)
    search = GreedyTransducerSearch(decoder.eval(), joint, BlankMoves(3), max_symbols=1)
    (path,) = search.search(frames, torch.tensor([5]))
    assert (path.tokens, path.starts) == ([1, 0, 2], [1, 3, 4])


def test_what_lacks_a_method_cannot_be_made():
    with pytest.raises(TypeError, match="abstract"):
        AbstractRNNTJoint()

    class Nothing(AbstractRNNTDecoder):
        def predict(self, y=None, state=None, add_sos=True, batch_size=None):
            return y, state

        def initialize_state(self, y):
            return []

    with pytest.raises(ConfigError, match="blank_idx is 5"):
        Nothing(4, 5, True)
