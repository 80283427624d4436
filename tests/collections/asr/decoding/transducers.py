"""Small random transducers of each kind, and a search that goes frame by frame."""

import torch

from nemo.collections.asr.decoding.rnnt import RNNTDecoding
from nemo.collections.asr.modules.rnnt_decoder import RNNTDecoder, StatelessTransducerDecoder
from nemo.collections.asr.modules.rnnt_joint import RNNTJoint

LABELS = [" ", *"abcdefg"]
TOKENS, ENCODED, WIDTH = len(LABELS), 6, 10
KINDS = {
    "rnnt": {"model_type": "rnnt"},
    "tdt": {"model_type": "tdt", "durations": [0, 1, 2, 4]},
    "multiblank": {"model_type": "multiblank", "big_blank_durations": [2, 5]},
}


def networks(kind, seed=0, stateless=False, layers=1):
    """Prediction and joint network whose weights are so large that all kinds of moves occur."""
    torch.manual_seed(seed)
    section = KINDS[kind]
    if stateless:
        decoder = StatelessTransducerDecoder({"pred_hidden": WIDTH}, TOKENS, context_size=2)
    else:
        decoder = RNNTDecoder({"pred_hidden": WIDTH, "pred_rnn_layers": layers}, TOKENS)
    outputs = len(section.get("durations", section.get("big_blank_durations", ())))
    sizes = {"encoder_hidden": ENCODED, "pred_hidden": WIDTH, "joint_hidden": WIDTH, "activation": "tanh"}
    joint = RNNTJoint(sizes, num_classes=TOKENS, num_extra_outputs=outputs)
    with torch.no_grad():
        for value in [*decoder.parameters(), *joint.parameters()]:
            value.mul_(3.0)
        first_blank = TOKENS
        joint.joint_net[-1].bias[first_blank : first_blank + 1 + 2 * (kind == "multiblank")] += 1.0
    return decoder.eval(), joint.eval()


def decoding(kind, decoder, joint, **section):
    return RNNTDecoding({**KINDS[kind], **section}, decoder, joint, LABELS)


def batch(lengths, seed=0):
    """Encoded frames [B, D, T] with noise behind the ends, and their lengths."""
    torch.manual_seed(seed)
    return 2 * torch.randn(len(lengths), ENCODED, max([*lengths, 1])), torch.tensor(lengths)


@torch.no_grad()
def frame_by_frame(kind, decoder, joint, encoded, max_symbols):
    """Greedy search of one utterance [D, T], one place of the lattice after the other, from the definitions.

    Returns tokens, their frames, their durations, their score, and for each frame the labels evaluated there.
    """
    durations = KINDS[kind].get("durations")
    big = KINDS[kind].get("big_blank_durations", [])
    blank = TOKENS + len(big)
    frames = encoded.T[None]
    tokens, times, lasting, score = [], [], [], 0.0
    visited = [[] for _ in range(frames.shape[1])]
    output, state = decoder.predict(None, None, add_sos=True, batch_size=1)
    time, symbols = 0, 0
    while time < frames.shape[1]:
        scores = joint.joint(frames[:, time : time + 1], output)[0, 0, 0]
        label = int(scores[: blank + 1].argmax())
        visited[time].append(label)
        jump = 0 if durations is None else durations[int(scores[blank + 1 :].argmax())]
        if label >= TOKENS:
            if durations is None:
                jump = 1 if label == blank else big[blank - 1 - label]
            time, symbols = time + max(1, jump), 0
            continue
        tokens.append(label)
        times.append(time)
        lasting.append(jump)
        score += float(scores[label])
        output, state = decoder.predict(torch.tensor([[label]]), state, add_sos=False)
        symbols += 1
        if jump > 0 or symbols == max_symbols:
            time, symbols = time + max(1, jump), 0
    return tokens, times, lasting, score, visited
