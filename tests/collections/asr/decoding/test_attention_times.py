import pytest
import torch

from nemo.collections.asr.decoding.attention_times import _path, _recorded, _weights, attention_paths
from nemo.collections.asr.inference.segments import segments_of
from nemo.collections.asr.models import EncDecMultiTaskModel
from tests.collections.asr.models import tiny, tiny_attention


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    torch.manual_seed(1)
    return EncDecMultiTaskModel(cfg=tiny_attention.canary(tmp_path_factory.mktemp("tokenizers"))).eval()


def planted(spans, frames):
    """Weights that lie in the frames of `spans`, one row for each."""
    weights = torch.full((len(spans), frames), 0.01)
    for row, (start, end) in zip(weights, spans, strict=True):
        row[start:end] = 0.2
    return weights


def test_tokens_are_where_their_weights_are():
    spans = [(3, 6), (6, 7), (10, 14)]
    path = _path(planted([*spans, (16, 18)], 20), [7, 7, 5])
    assert (path.tokens, list(zip(path.starts, path.ends, strict=True))) == ([7, 7, 5], spans)


def test_attention_that_looks_back_does_not_turn_time_back():
    weights = planted([(2, 4), (8, 10), (4, 6), (12, 14), (18, 20)], 20)
    weights[1, 0:2] = 0.3  # the second token looks at the beginning, too
    path = _path(weights, [1, 2, 3, 4])
    assert path.starts == sorted(path.starts) and path.ends == sorted(path.ends)
    assert (path.starts[0], path.starts[3]) == (2, 12)


def test_more_tokens_than_frames_are_spread_evenly():
    path = _path(torch.full((7, 3), 0.3), list(range(6)))
    assert path.starts == [0, 0, 0, 1, 1, 2] and path.ends == [start + 1 for start in path.starts]
    assert _path(torch.full((1, 3), 0.3), []).tokens == []


def test_recorded_weights_are_those_of_the_attention(model):
    generator = torch.Generator().manual_seed(0)
    states = torch.randn(2, 9, tiny_attention.WIDTH, generator=generator)
    mask = torch.ones(2, 9)
    mask[1, 6:] = 0
    decoder = model.transf_decoder
    seen = []
    attention = decoder.decoder.layers[0].second_sub_layer
    hook = attention.out_projection.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with _recorded(decoder.decoder) as layers, torch.no_grad():
        decoder(
            input_ids=torch.tensor([[1, 2, 3], [4, 5, 6]]), decoder_mask=torch.ones(2, 3), encoder_embeddings=states,
            encoder_mask=mask,
        )  # fmt: skip
        heads, queries, keys = layers[0]
        weights = _weights(heads, queries, keys, mask)
        values = attention.value_net(states).unflatten(-1, (heads, -1))
        scores = [
            _weights(1, q, k, mask)
            for q, k in zip(
                queries.unflatten(-1, (heads, -1)).unbind(2), keys.unflatten(-1, (heads, -1)).unbind(2), strict=True
            )
        ]
    hook.remove()
    context = torch.cat([score @ values[:, :, head] for head, score in enumerate(scores)], dim=-1)
    torch.testing.assert_close(context, seen[0], atol=1e-5, rtol=0)
    torch.testing.assert_close(weights, torch.stack(scores).mean(0))
    assert weights[1, :, 6:].abs().max() == 0
    assert not attention.query_net._forward_hooks and not attention.key_net._forward_hooks


def test_a_batch_has_the_times_of_one_by_one(model):
    generator = torch.Generator().manual_seed(2)
    states = torch.randn(2, 12, tiny_attention.WIDTH, generator=generator)
    mask = torch.ones(2, 12)
    mask[1, 7:] = 0
    texts = [[5, 6, 7, 8], [9, 5]]
    together = attention_paths(model.transf_decoder, states, mask, [1, 2], texts)
    for row, frames in enumerate((12, 7)):
        (alone,) = attention_paths(
            model.transf_decoder, states[row : row + 1, :frames], mask[row : row + 1, :frames], [1, 2], [texts[row]]
        )
        assert together[row] == alone
        assert alone.starts == sorted(alone.starts) and alone.starts[0] >= 0 and alone.ends[-1] <= frames


@pytest.mark.parametrize("limit", [None, 0.5])
def test_transcripts_have_words_within_the_recording_also_of_chunks(model, limit):
    audio = [tiny.signal(seconds, 300.0) for seconds in (0.7, 1.6)]
    for samples, hypothesis in zip(
        audio, model.transcribe(audio, timestamps=True, verbose=False, max_seconds=limit), strict=True
    ):
        words = hypothesis.timestamp["word"]
        assert "".join(word["word"] for word in words) == "".join(hypothesis.split())
        times = [time for word in words for time in (word["start"], word["end"])]
        assert times == sorted(times)
        assert not times or times[-1] <= len(samples) / tiny.SAMPLE_RATE
        assert (
            "".join(segment.text for segment in segments_of(hypothesis)).split()
            == "".join(segment["segment"] for segment in hypothesis.timestamp["segment"]).split()
        )
