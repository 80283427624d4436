"""Greedy transducer decoding: 8 encoded utterances of 200 frames, about one token in three frames.

Compared with a plain loop over the frames of each utterance, and with the original's release 3.0 on two cores of the
same kind: prediction and joint network of width 320, 28 labels. TDT and a vocabulary of 1024 are timed beside it.
"""

import functools
from typing import Any

import torch

from benchmarks.measure import compare, emit, emit_ratio, measure
from nemo.collections.asr.decoding.rnnt_greedy import GreedyTransducerSearch
from nemo.collections.asr.decoding.transducer_moves import build_moves
from nemo.collections.asr.modules.rnnt_decoder import RNNTDecoder
from nemo.collections.asr.modules.rnnt_joint import RNNTJoint

ORIGINAL_SECONDS = 0.17055
TOKENS_OF_A_FRAME = 0.35


def networks(tokens, width, encoded, frames, durations=(), tokens_of_a_frame=TOKENS_OF_A_FRAME):
    """Prediction and joint network with a blank so likely that tokens are as frequent as in speech, and the search."""
    torch.manual_seed(0)
    decoder = RNNTDecoder({"pred_hidden": width, "pred_rnn_layers": 1}, tokens).eval()
    sizes = {"encoder_hidden": encoded, "pred_hidden": width, "joint_hidden": width, "activation": "relu"}
    joint = RNNTJoint(sizes, tokens, num_extra_outputs=len(durations)).eval()
    moves = build_moves("tdt" if durations else "rnnt", tokens, durations, None)
    search = GreedyTransducerSearch(decoder, joint, moves, max_symbols=5)
    lengths = torch.full((len(frames),), frames.shape[1])
    last: Any = joint.joint_net[-1]
    few, many = 4.0, 0.0  # what is added to the blank's bias; its right value is between them
    with torch.no_grad():
        start = last.bias[tokens].item()
        for _ in range(9):
            last.bias[tokens] = start + (few + many) / 2
            found = sum(len(path.tokens) for path in search.search(frames, lengths))
            wanted = tokens_of_a_frame * frames.shape[0] * frames.shape[1]
            few, many = ((few + many) / 2, many) if found <= wanted else (few, (few + many) / 2)
        last.bias[tokens] = start + few
        found = sum(len(path.tokens) for path in search.search(frames, lengths))
    return decoder, joint, search, lengths, found


@torch.no_grad()
def frame_by_frame(decoder, joint, frames, blank, max_symbols=5):
    """Tokens of each utterance, one place of the lattice after the other."""
    results = []
    for row in frames:
        output, state = decoder.predict(None, None, add_sos=True, batch_size=1)
        tokens = []
        for frame in row[None].split(1, dim=1):
            for _ in range(max_symbols):
                label = int(joint.joint(frame, output)[0, 0, 0].argmax())
                if label == blank:
                    break
                tokens.append(label)
                output, state = decoder.predict(torch.tensor([[label]]), state, add_sos=False)
        results.append(tokens)
    return results


def main():
    frames = torch.randn(8, 200, 176, generator=torch.Generator().manual_seed(0))
    decoder, joint, search, lengths, found = networks(28, 320, 176, frames)
    assert [path.tokens for path in search.search(frames, lengths)] == frame_by_frame(decoder, joint, frames, 28)
    timings = compare(
        {
            "ours": lambda: search.search(frames, lengths),
            "loop": lambda: frame_by_frame(decoder, joint, frames, 28),
        }
    )
    emit_ratio("rnnt_decode", timings["ours"], timings["loop"], limit=0.5, tokens=found)
    ours = timings["ours"]
    emit("rnnt_decode_original", ours.median / ORIGINAL_SECONDS, unit="ratio", limit=0.8, reference=ORIGINAL_SECONDS, timing=ours)  # fmt: skip  # noqa: E501
    wide = torch.randn(16, 250, 512, generator=torch.Generator().manual_seed(0))
    for name, durations in (("rnnt_decode_1024", ()), ("tdt_decode_1024", (0, 1, 2, 3, 4))):
        _, _, search, lengths, found = networks(1024, 640, 512, wide, durations)
        timing = measure(functools.partial(search.search, wide, lengths), repetitions=3)
        # 16 utterances of 20 s at 8 x 10 ms a frame
        emit(name, timing.cpu / (16 * 20), unit="CPU seconds for each second of audio", timing=timing, tokens=found)


if __name__ == "__main__":
    main()
