"""Exported encoders compute what PyTorch computes, for other batches and lengths than the example's."""

import numpy as np
import onnxruntime
import pytest
import torch

from nemo.collections.asr.modules import ConformerEncoder

SIZES = {"feat_in": 16, "n_layers": 2, "d_model": 16, "n_heads": 2, "conv_kernel_size": 5, "subsampling_factor": 4}
STREAMING = {"att_context_style": "chunked_limited", "causal_downsampling": True, "conv_context_size": "causal"}
KINDS = {
    "striding": {},
    "dw_striding": {"subsampling": "dw_striding", "subsampling_factor": 8, "subsampling_conv_channels": 8},
    "vggnet, absolute positions": {"subsampling": "vggnet", "self_attention_model": "abs_pos"},
    "stacking": {"subsampling": "stacking", "conv_norm_type": "layer_norm"},
    "local": {"self_attention_model": "rel_pos_local_attn", "att_context_size": [4, 3]},
    "global tokens": {"self_attention_model": "rel_pos_local_attn", "att_context_size": [4, 4], "global_tokens": 2},
    "chunked": {"att_context_size": [4, 1], **STREAMING},
    "reduction": {"reduction": "striding", "reduction_position": 0, "reduction_factor": 2, "feat_out": 10},
}


def session(path):
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("release", ["1.23.0", "2.6.0"])
def test_padded_batches_of_any_size(kind, release, tmp_path):
    if release == "2.6.0" and kind not in ("striding", "dw_striding", "chunked"):
        return  # the same graph
    model = ConformerEncoder(**{**SIZES, **KINDS[kind]}).eval()
    model.follow_release(release)
    model.export(str(tmp_path / "encoder.onnx"))
    runtime = session(tmp_path / "encoder.onnx")
    for frames in ([97], [200, 150, 31], [61, 9], [700]):
        x, lengths = torch.randn(len(frames), 16, max(frames)), torch.tensor(frames)
        with torch.no_grad():
            expected, expected_lengths = model(audio_signal=x, length=lengths)
        found, found_lengths = runtime.run(None, {"audio_signal": x.numpy(), "length": lengths.numpy()})
        assert found.shape == tuple(expected.shape)
        assert found_lengths.tolist() == expected_lengths.tolist()
        for row, length in enumerate(found_lengths):
            assert np.abs(found[row, :, :length] - expected[row, :, :length].numpy()).max() < 1e-4


@pytest.mark.parametrize("context", [{"att_context_size": [4, 1]}, {"att_context_size": [6, 0]}])
def test_a_stream_of_chunks_with_caches(context, tmp_path):
    model = ConformerEncoder(**{**SIZES, **STREAMING, **context}).eval()
    model.export_cache_support = True
    model.export(str(tmp_path / "encoder.onnx"))
    runtime = session(tmp_path / "encoder.onnx")
    names = [port.name for port in runtime.get_inputs()]
    assert names == ["audio_signal", "length", "cache_last_channel", "cache_last_time", "cache_last_channel_len"]
    sizes = model.streaming_cfg
    shift, window = sizes.shift_size[1], sizes.shift_size[1] + sizes.pre_encode_cache_size[1]
    x, lengths = torch.randn(2, 16, window + 4 * shift), torch.full((2,), window)
    caches = model.get_initial_cache_state(2)
    theirs = [caches[0].transpose(0, 1).numpy(), caches[1].transpose(0, 1).numpy(), caches[2].numpy()]
    for start in range(0, 5 * shift, shift):
        chunk = x[:, :, start : start + window]
        with torch.no_grad():
            expected, _, *caches = model.cache_aware_stream_step(chunk, lengths, *caches, keep_all_outputs=False)
        inputs = (chunk.numpy(), lengths.numpy(), *theirs)
        found, frames, *theirs = runtime.run(None, dict(zip(names, inputs, strict=True)))
        assert frames.tolist() == [sizes.valid_out_len] * 2
        assert np.abs(found - expected.numpy()).max() < 1e-4
    assert theirs[2].tolist() == caches[2].tolist()
    assert np.abs(theirs[0] - caches[0].transpose(0, 1).numpy()).max() < 1e-4
