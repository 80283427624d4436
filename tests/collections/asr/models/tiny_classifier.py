"""Classifiers small enough for tests, and tones to feed them."""

import json

import soundfile
import torch

from tests.collections.asr.models import tiny

CLASSES = ["low", "middle", "high"]
PITCHES = (150.0, 900.0, 2500.0)
DECODER = {"_target_": f"{tiny.MODULES}.ConvASRDecoderClassification", "num_classes": -1}
FRAME_DECODER = {
    "_target_": "nemo.collections.common.modules.MultiLayerPerceptron",
    "num_layers": 1,
    "log_softmax": False,
}


def config(decoder=DECODER, **more):
    """A convolutional classifier of about 2,000 weights."""
    base = tiny.config()
    features = base["preprocessor"] | {"normalize": None, "dither": 0.0, "pad_to": 0}
    parts = {"preprocessor": features, "encoder": base["encoder"], "decoder": decoder, "optim": base["optim"]}
    return {"sample_rate": tiny.SAMPLE_RATE, "labels": CLASSES, **parts, "nemo_version": "3.0.0", **more}


def recordings(folder, labels=CLASSES, seconds=0.4):
    """A tone for each class, and a manifest."""
    lines = []
    for index, (label, pitch) in enumerate(zip(labels, PITCHES, strict=True)):
        path = folder / f"{index}.wav"
        soundfile.write(path, tiny.signal(seconds, pitch), tiny.SAMPLE_RATE)
        lines.append({"audio_filepath": str(path), "duration": seconds, "label": label})
    manifest = folder / "labels.json"
    manifest.write_text("\n".join(map(json.dumps, lines)))
    return [line["audio_filepath"] for line in lines], str(manifest)


def dataset(manifest, **more):
    return {"manifest_filepath": manifest, "sample_rate": tiny.SAMPLE_RATE, "batch_size": 3, **more}


def signals():
    """Two tones of 0.4 s, the second of which ends after 0.25 s."""
    audio = torch.stack([torch.from_numpy(tiny.signal(0.4, pitch)) for pitch in PITCHES[:2]])
    audio[1, 4000:] = 0
    return audio, torch.tensor([6400, 4000])
