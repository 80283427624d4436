"""Speaker models small enough for tests, and voices to feed them."""

import json

import numpy as np
import soundfile

from tests.collections.asr.models import tiny

SPEAKERS = {"ann": (210.0, 900.0), "bob": (110.0, 500.0), "eve": (160.0, 2200.0)}
"""Pitch and the middle of the loudest frequencies, Hz."""
DECODER = {"_target_": f"{tiny.MODULES}.SpeakerDecoder", "num_classes": -1, "emb_sizes": 12, "pool_mode": "attention"}
LOSS = {"_target_": "nemo.collections.asr.losses.angularloss.AngularSoftmaxLoss", "scale": 15, "margin": 0.1}


def config(**more):
    """TitaNet with about 3,000 weights."""
    base = tiny.config()
    blocks = [
        tiny.block(24, 3) | {"se": True},
        tiny.block(24, 5, residual=True) | {"se": True},
        tiny.block(24, 1) | {"se": True},
    ]
    features = base["preprocessor"] | {"dither": 0.0, "normalize": None}  # tones are told apart by their loudness
    parts = {
        "preprocessor": features,
        "encoder": base["encoder"] | {"jasper": blocks},
        "decoder": DECODER | {"attention_channels": 8},
        "loss": LOSS,
        "optim": base["optim"],
    }
    return {"sample_rate": tiny.SAMPLE_RATE, **parts, **more}


def ecapa_encoder():
    return {
        "_target_": f"{tiny.MODULES}.ECAPAEncoder",
        "feat_in": 16, "filters": [16, 16, 16, 24], "kernel_sizes": [5, 3, 3, 1], "dilations": [1, 2, 3, 1], "scale": 4,
    }  # fmt: skip


def voice(speaker, seconds, seed):
    """A buzz of the speaker's pitch and colour, a little other each time; float32."""
    pitch, middle = SPEAKERS[speaker]
    generator = np.random.default_rng(seed)
    time = np.arange(round(seconds * tiny.SAMPLE_RATE)) / tiny.SAMPLE_RATE
    pitch *= generator.uniform(0.97, 1.03)
    samples = 0.003 * generator.standard_normal(len(time))
    for frequency in np.arange(pitch, 4000.0, pitch):
        loudness = np.exp(-(((frequency - middle) / 400.0) ** 2)) + 0.02
        samples += 0.1 * loudness * np.sin(2 * np.pi * (frequency * time + generator.uniform()))
    return samples.astype(np.float32)


def recordings(folder, each=3, first_seed=0, name="speakers"):
    """`each` recordings of every speaker, of several lengths, and a manifest."""
    lines = []
    for index in range(each):
        for number, speaker in enumerate(SPEAKERS):
            seconds = 0.4 + 0.1 * ((index + number) % 3)
            path = folder / f"{name}-{speaker}-{index}.wav"
            soundfile.write(path, voice(speaker, seconds, first_seed + 10 * index + number), tiny.SAMPLE_RATE)
            lines.append({"audio_filepath": str(path), "duration": seconds, "label": speaker})
    manifest = folder / f"{name}.json"
    manifest.write_text("\n".join(map(json.dumps, lines)))
    return [line["audio_filepath"] for line in lines], str(manifest)


def dataset(manifest, **more):
    return {"manifest_filepath": manifest, "sample_rate": tiny.SAMPLE_RATE, "batch_size": 9, **more}
