"""The encoder as a whole: padding, batches, streams, other attention, training."""

import numpy as np
import pytest
import torch

from nemo.collections.asr.models import ASRModel
from nemo.collections.asr.modules import ConformerEncoder
from nemo.utils.exceptions import ConfigError, ShapeError
from tests.arrays import arrays_of
from tests.collections.asr.models.archives import COMPAT

SIZES = {"feat_in": 16, "n_layers": 3, "d_model": 16, "n_heads": 2, "conv_kernel_size": 5, "subsampling_factor": 4}


def encoder(**more):
    return ConformerEncoder(**{**SIZES, **more}).eval()


def features(frames, batch=1):
    return torch.randn(batch, 16, frames)


@pytest.mark.parametrize("attention", ["rel_pos", "abs_pos", "rel_pos_local_attn"])
@pytest.mark.parametrize("tied", [False, True])
@torch.no_grad()
def test_padding_changes_nothing(attention, tied):
    context = [8, 8] if attention == "rel_pos_local_attn" else [-1, -1]
    model = encoder(self_attention_model=attention, att_context_size=context, untie_biases=not tied)
    model.pre_encode.masks_padding = True
    x = features(61)
    alone, lengths = model(audio_signal=x, length=torch.tensor([61]))
    batch = torch.cat([torch.nn.functional.pad(x, (0, 40)), features(101)])
    together, both = model(audio_signal=batch, length=torch.tensor([61, 101]))
    assert both[0] == lengths[0]
    assert torch.allclose(together[0, :, : int(lengths[0])], alone[0], atol=1e-5)


@pytest.mark.parametrize(
    "sizes",
    [
        {"att_context_size": [8, 3], "att_context_style": "chunked_limited"},
        {"att_context_size": [6, 0], "att_context_style": "regular"},
        {"att_context_size": [4, 1], "att_context_style": "chunked_limited", "subsampling": "dw_striding"},
        {"att_context_size": [4, 1], "att_context_style": "chunked_limited", "subsampling": "stacking"},
    ],
)
@torch.no_grad()
def test_a_stream_gives_what_the_whole_gives(sizes):
    model = encoder(causal_downsampling=True, conv_context_size="causal", conv_norm_type="layer_norm", **sizes)
    x = features(123)
    offline, _ = model(audio_signal=x, length=torch.tensor([123]))
    streamed = torch.cat(list(chunks_of(model, x)), dim=2)
    assert streamed.shape == offline.shape
    assert torch.allclose(streamed, offline, atol=1e-5)


def chunks_of(model, x):
    """Feeds features [B, D, F] with the sizes that the encoder asks for."""
    sizes, caches = model.streaming_cfg, model.get_initial_cache_state(batch_size=len(x))
    position = step = 0
    while position < x.shape[2]:
        size, shift, before = (
            value[min(step, 1)] if isinstance(value, list) else value
            for value in (sizes.chunk_size, sizes.shift_size, sizes.pre_encode_cache_size)
        )
        chunk = x[:, :, max(0, position - before) : position + size]
        chunk = torch.nn.functional.pad(chunk, (max(0, before - position), 0))
        encoded, _, *caches = model.cache_aware_stream_step(
            chunk,
            torch.full((len(x),), chunk.shape[2]),
            *caches,
            keep_all_outputs=position + shift >= x.shape[2],
            drop_extra_pre_encoded=0 if step == 0 else None,
        )
        yield encoded
        position, step = position + shift, step + 1


def test_streamed_chunks_and_caches_are_the_recorded_ones():
    model = ASRModel.restore_from(str(COMPAT / "n123_streaming_conformer_0.nemo"), map_location="cpu").eval()
    recorded = arrays_of(COMPAT / "n123_streaming_conformer_0.out.npz")
    x = torch.tensor(recorded["features"][:1, :, : int(recorded["features_len"][0])])
    with torch.no_grad():
        chunks = list(chunks_of(model.encoder, x))
    assert [chunk.shape[2] for chunk in chunks] == recorded["stream_chunk_frames"].tolist()
    assert np.abs(torch.cat(chunks, 2).numpy() - recorded["stream_encoded"]).max() < 2e-4


@torch.no_grad()
def test_attention_of_a_trained_encoder_is_changed():
    model, x = encoder(), features(80)
    full, _ = model(audio_signal=x, length=torch.tensor([80]))
    model.change_attention_model("rel_pos_local_attn", [64, 64])
    assert torch.allclose(model(audio_signal=x, length=torch.tensor([80]))[0], full, atol=1e-5)
    model.change_attention_model("rel_pos", [-1, -1])
    assert torch.allclose(model(audio_signal=x, length=torch.tensor([80]))[0], full, atol=1e-6)


def test_every_parameter_learns():
    model = encoder(stochastic_depth_drop_prob=0.2, reduction="striding", reduction_position=1, reduction_factor=2)
    model.train()
    x, lengths = model(audio_signal=features(64, 2), length=torch.tensor([64, 40]))
    assert x.shape == (2, 16, 8) and lengths.tolist() == [8, 5]
    x.square().mean().backward()
    without = [name for name, parameter in model.named_parameters() if parameter.grad is None]
    assert without == []


def test_contexts_are_drawn_as_often_as_asked():
    model = encoder(
        att_context_style="chunked_limited",
        att_context_size=[[8, 3], [8, 1], [8, 0]],
        att_context_probs=[0.5, 0.5, 0.0],
    ).train()
    drawn = [tuple(model._context_of_this_batch()) for _ in range(1000)]
    assert set(drawn) == {(8, 3), (8, 1)} and 400 < drawn.count((8, 3)) < 600
    assert model.eval()._context_of_this_batch() == [8, 3]
    model.set_default_att_context_size([8, 1])
    assert model.streaming_cfg.valid_out_len == 2


@torch.no_grad()
def test_reduction_at_the_end_and_projection():
    model = encoder(reduction="pooling", reduction_factor=2, feat_out=10)
    x, lengths = model(audio_signal=features(64), length=torch.tensor([64]))
    assert x.shape == (1, 10, 8) and lengths.tolist() == [8]


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"self_attention_model": "other"}, "self_attention_model is 'other'"),
        ({"att_context_style": "other"}, "att_context_style"),
        ({"att_context_size": [7, 3], "att_context_style": "chunked_limited"}, r"whole chunks of 4 .*Take 4"),
        ({"self_attention_model": "rel_pos_local_attn"}, "needs limits on both sides"),
        ({"att_context_size": [[8, 3], [8, 1]], "att_context_probs": [0.5]}, "expected 2 numbers"),
    ],
)
def test_impossible_configs_are_told(sizes, message):
    with pytest.raises(ConfigError, match=message):
        encoder(**sizes)


def test_features_of_another_size_are_told():
    with pytest.raises(ShapeError, match=r"got audio_signal \[1, 80, 20\]; expected \[B, D=16, F\]"):
        encoder()(audio_signal=torch.randn(1, 80, 20), length=torch.tensor([20]))
