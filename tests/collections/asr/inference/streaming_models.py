"""Small models for streams: cache-aware Conformers and a convolutional one, and audio for them."""

import numpy as np
import torch

from nemo.collections.asr.models import EncDecCTCModel
from tests.collections.asr.models import tiny

CAUSAL = {"causal_downsampling": True, "conv_context_size": "causal", "conv_norm_type": "layer_norm"}


def conformer(normalize="NA", **encoder):
    """A Conformer-CTC of two layers; by default one that streams with chunks of two frames."""
    torch.manual_seed(0)
    config = tiny.config()
    config["preprocessor"] |= {"normalize": normalize, "pad_to": 0}
    config["encoder"] = {
        "_target_": f"{tiny.MODULES}.ConformerEncoder",
        "feat_in": 16, "n_layers": 2, "d_model": 16, "n_heads": 2, "conv_kernel_size": 5,
        "subsampling": "dw_striding", "subsampling_factor": 8, "subsampling_conv_channels": 8,
        "att_context_size": [4, 1], "att_context_style": "chunked_limited", **CAUSAL, **encoder,
    }  # fmt: skip
    del config["decoder"]["feat_in"]
    return talkative(EncDecCTCModel(config))


def talkative(model):
    """Moves each class so that all are likely: random weights often give one label only."""
    model.eval()
    audio = torch.tensor(speech(3.0))[None]
    with torch.no_grad():
        log_probs, _, _ = model.forward(input_signal=audio, input_signal_length=torch.tensor([audio.shape[1]]))
        layer = model.decoder.decoder_layers[0]
        centred = log_probs[0] - log_probs[0].mean(0)
        layer.bias -= log_probs[0].mean(0)
        layer.weight.mul_(3 / centred.std())
        layer.bias.mul_(3 / centred.std())
    return model


def speech(seconds, seed=0):
    """Noise whose loudness and colour change, float32."""
    random = np.random.default_rng(seed)
    samples = random.standard_normal(round(seconds * tiny.SAMPLE_RATE))
    steps = np.repeat(random.uniform(0.01, 0.3, len(samples) // 800 + 1), 800)[: len(samples)]
    smooth = np.convolve(samples, np.ones(4) / 4, mode="same")
    return (steps * np.where(steps > 0.15, samples, smooth)).astype(np.float32)


def cuts(samples, seed, largest=4000):
    """`samples` in pieces of random sizes, some of them empty."""
    random = np.random.default_rng(seed)
    while len(samples):
        size = int(random.integers(0, largest))
        yield samples[:size]
        samples = samples[size:]
