"""Vectors of voices: tables, recordings, learnt styles, mixtures."""

import pytest
import torch
import torch.nn.functional as F

from nemo.collections.tts.modules.reference_encoder import ReferenceEncoder
from nemo.collections.tts.modules.speaker_encoder import SpeakerEncoder, SpeakerLookupTable, mix_speakers
from nemo.collections.tts.modules.style_tokens import GlobalStyleToken, StyleAttention
from nemo.utils.exceptions import ConfigError, ShapeError


def reference_encoder(gru_hidden=8):
    sizes = {"kernel_size": 3, "stride": 2, "padding": 1, "bias": True}
    return ReferenceEncoder(n_mels=10, cnn_filters=[4, 6], dropout=0.0, gru_hidden=gru_hidden, **sizes).eval()


def styles():
    return GlobalStyleToken(reference_encoder(), gst_size=8, n_style_token=5, n_style_attn_head=2).eval()


@torch.no_grad()
def test_a_table_gives_its_rows():
    table = SpeakerLookupTable(4, 6)
    assert torch.equal(table(speaker=torch.tensor([2, 0])), table.table.weight[[2, 0]])


@torch.no_grad()
def test_a_recording_is_encoded_by_convolutions_and_the_last_state_of_a_gru():
    encoder, spectrogram = reference_encoder(), torch.randn(1, 10, 13)
    x = spectrogram.transpose(1, 2)[:, None]
    for layer in encoder.layers:
        x = F.conv2d(x, layer.conv.weight, layer.conv.bias, stride=2, padding=1).relu()
        x = (x - x.mean(1, keepdim=True)) / (x.var(1, keepdim=True, unbiased=False) + 1e-5).sqrt()
    assert x.shape == (1, 6, 4, 3)
    _, last = encoder.gru(x.permute(0, 2, 3, 1).reshape(1, 4, 18))
    found = encoder(inputs=spectrogram, inputs_lengths=torch.tensor([13]))
    torch.testing.assert_close(found, last[0])


@torch.no_grad()
def test_padding_of_recordings_has_no_effect():
    encoder, lengths = reference_encoder(), [17, 5, 8, 1]
    batch = torch.randn(4, 10, 21)
    together = encoder(inputs=batch, inputs_lengths=torch.tensor(lengths))
    for row, length in enumerate(lengths):
        alone = encoder(inputs=batch[row : row + 1, :, :length], inputs_lengths=torch.tensor([length]))
        torch.testing.assert_close(together[row], alone[0])


@torch.no_grad()
def test_styles_are_mixed_by_scaled_dot_products():
    attention, asked = StyleAttention(gst_size=8, n_style_token=5, n_style_attn_head=2), torch.randn(3, 8)
    mha, tokens = attention.mha, torch.tanh(attention.tokens)
    query_bias, key_bias, value_bias = mha.in_proj_bias.chunk(3)
    queries = (asked @ mha.q_proj_weight.T + query_bias).reshape(3, 2, 4)
    keys = (tokens @ mha.k_proj_weight.T + key_bias).reshape(5, 2, 4)
    values = (tokens @ mha.v_proj_weight.T + value_bias).reshape(5, 2, 4)
    weights = (torch.einsum("bhd,shd->bhs", queries, keys) / 2).softmax(-1)
    mixed = torch.einsum("bhs,shd->bhd", weights, values).reshape(3, 8)
    torch.testing.assert_close(attention(inputs=asked), mha.out_proj(mixed))


def test_styles_need_a_width_that_heads_divide():
    with pytest.raises(ConfigError, match="gst_size is 10 and n_style_attn_head 4"):
        StyleAttention(gst_size=10, n_style_token=5, n_style_attn_head=4)


@torch.no_grad()
def test_ids_and_recordings_are_added():
    encoder = SpeakerEncoder(SpeakerLookupTable(3, 8), styles())
    spectrogram, lengths, ids = torch.randn(2, 10, 9), torch.tensor([9, 9]), torch.tensor([1, 2])
    style = encoder.gst_module(inp=spectrogram, inp_lengths=lengths)
    torch.testing.assert_close(encoder(2, ids, spectrogram, lengths), encoder.lookup_module.table.weight[1:] + style)
    torch.testing.assert_close(encoder(2, ids, spectrogram), encoder(2, ids, spectrogram, lengths))
    torch.testing.assert_close(encoder(2, None, spectrogram, lengths), style)
    with pytest.raises(ConfigError, match=r"no recording of the voice.*reference_audio in sup_data_types"):
        encoder(2, ids)
    with pytest.raises(ConfigError, match="speaker is 3, and the model has 3 voices"):
        encoder(2, torch.tensor([0, 3]), spectrogram)


@torch.no_grad()
def test_a_set_vector_takes_the_place_of_both():
    encoder, voice = SpeakerEncoder(SpeakerLookupTable(3, 8), styles()), torch.randn(8)
    encoder.overwrite_precomputed_emb(voice)
    assert torch.equal(encoder(2), voice.expand(2, 8))
    assert "precomputed_emb" in encoder.state_dict()
    with pytest.raises(ShapeError, match=r"is \[1, 8\]. Expected \[H\]"):
        encoder.overwrite_precomputed_emb(voice[None])


def test_an_encoder_without_a_source_is_refused():
    with pytest.raises(ConfigError, match="neither lookup_module nor gst_module"):
        SpeakerEncoder()


def test_a_mixed_voice_is_the_weighted_sum_and_the_others_stay():
    table = SpeakerLookupTable(4, 6).table
    before = table.weight.detach().clone()
    mix_speakers(table, 0, 2, 3, weights=(0.25, 0.75))
    torch.testing.assert_close(table.weight[3], 0.25 * before[0] + 0.75 * before[2])
    assert torch.equal(table.weight[:3], before[:3])
    with pytest.raises(ConfigError, match="speaker is 4, and the model has 4 voices"):
        mix_speakers(table, 0, 2, 4, weights=(0.5, 0.5))
    with pytest.raises(ConfigError, match="no table of voices"):
        mix_speakers(None, 0, 1, 2, weights=(0.5, 0.5))
