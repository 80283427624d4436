"""One step of a transducer's search as an ONNX file."""

import numpy as np
import onnxruntime
import pytest
import torch

from nemo.collections.asr.modules import RNNTDecoder, RNNTJoint, StatelessTransducerDecoder
from nemo.collections.asr.modules.rnnt_decoder_joint import RNNTDecoderJoint

DECODERS = {
    "lstm": lambda: RNNTDecoder({"pred_hidden": 8, "pred_rnn_layers": 2}, 5),
    "stateless": lambda: StatelessTransducerDecoder({"pred_hidden": 8}, 5, context_size=2),
}


@pytest.mark.parametrize("kind", DECODERS)
@pytest.mark.parametrize("durations", [0, 3])
def test_steps_are_those_of_the_two_networks(kind, durations, tmp_path):
    decoder = DECODERS[kind]()
    sizes = {"encoder_hidden": 12, "pred_hidden": 8, "joint_hidden": 10, "activation": "relu"}
    joint = RNNTJoint(sizes, 5, vocabulary=list("abcde"), num_extra_outputs=durations).eval()
    step = RNNTDecoderJoint(decoder.eval(), joint)
    step.export(str(tmp_path / "step.onnx"))
    runtime = onnxruntime.InferenceSession(str(tmp_path / "step.onnx"))
    names = [port.name for port in runtime.get_inputs()]
    assert names[:3] == ["encoder_outputs", "targets", "target_length"]
    assert [port.name for port in runtime.get_outputs()][:2] == ["outputs", "prednet_lengths"]
    state = decoder.initialize_state(torch.zeros(3, 1))
    theirs = [part.numpy() for part in state]
    for _ in range(4):  # the state goes from step to step
        frames, tokens = torch.randn(3, 12, 2), torch.randint(0, 6, (3, 1), dtype=torch.int32)
        with torch.no_grad():
            places, state = decoder.predict(tokens, state, add_sos=False)
            expected = joint.joint(frames.transpose(1, 2), places).log_softmax(-1)
        inputs = (frames.numpy(), tokens.numpy(), np.ones(3, np.int32), *theirs)
        scores, _, *theirs = runtime.run(None, dict(zip(names, inputs, strict=True)))
        assert scores.shape == (3, 2, 1, 6 + durations)
        assert torch.allclose(torch.tensor(scores).log_softmax(-1), expected, atol=1e-5)
        for ours, other in zip(state, theirs, strict=True):
            assert np.abs(ours.numpy() - other).max() < 1e-5
