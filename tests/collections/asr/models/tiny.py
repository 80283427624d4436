"""Models small enough for tests, and recordings to feed them."""

import json

import numpy as np
import sentencepiece
import soundfile

SAMPLE_RATE = 16000
LABELS = [" ", "a", "b", "c"]
MODULES = "nemo.collections.asr.modules"


def block(filters, kernel, stride=1, residual=False, separable=True):
    return {
        "filters": filters, "repeat": 1, "kernel": [kernel], "stride": [stride], "dilation": [1], "dropout": 0.0,
        "residual": residual, "separable": separable,
    }  # fmt: skip


def config(**more):
    """A convolutional CTC model with about 2,000 weights and two feature frames for each of its own."""
    return {
        "sample_rate": SAMPLE_RATE,
        "labels": LABELS,
        "preprocessor": {
            "_target_": f"{MODULES}.AudioToMelSpectrogramPreprocessor",
            "sample_rate": SAMPLE_RATE, "features": 16, "window_size": 0.025, "window_stride": 0.01, "n_fft": 512,
        },
        "spec_augment": {"_target_": f"{MODULES}.SpectrogramAugmentation", "freq_masks": 1, "freq_width": 2},
        "encoder": {
            "_target_": f"{MODULES}.ConvASREncoder",
            "feat_in": 16, "activation": "relu", "jasper": [block(24, 5, stride=2), block(24, 5, residual=True)],
        },
        "decoder": {"_target_": f"{MODULES}.ConvASRDecoder", "feat_in": 24, "num_classes": -1, "vocabulary": LABELS},
        "optim": {"name": "adamw", "lr": 0.01, "weight_decay": 0.0},
        **more,
    }  # fmt: skip


def signal(seconds, pitch=200.0):
    """A tone, float32."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (0.3 * np.sin(2 * np.pi * pitch * time)).astype(np.float32)


def recordings(folder, seconds=(0.5, 0.9, 0.3), texts=("a b", "b c a", "c")):
    """Writes tones of different pitch and a manifest; returns the paths and the manifest."""
    paths, lines = [], []
    for index, (length, text) in enumerate(zip(seconds, texts, strict=True)):
        path = folder / f"{index}.wav"
        soundfile.write(path, signal(length, 200.0 + 150 * index), SAMPLE_RATE)
        paths.append(str(path))
        lines.append(json.dumps({"audio_filepath": str(path), "duration": length, "text": text}))
    manifest = folder / "manifest.json"
    manifest.write_text("\n".join(lines) + "\n")
    return paths, str(manifest)


def dataset(manifest, **more):
    return {"manifest_filepath": manifest, "sample_rate": SAMPLE_RATE, "batch_size": 2, "labels": LABELS, **more}


def tokenizer_folder(folder, vocab_size=12, text="a b c ab bc ca abc cab"):
    """A SentencePiece tokenizer of a few pieces; returns its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    corpus = folder / "text.txt"
    corpus.write_text("\n".join([text] * 20) + "\n")
    sentencepiece.SentencePieceTrainer.train(
        input=str(corpus), model_prefix=str(folder / "tokenizer"), vocab_size=vocab_size, model_type="bpe",
        bos_id=-1, eos_id=-1, hard_vocab_limit=False, minloglevel=2,
    )  # fmt: skip
    lines = (folder / "tokenizer.vocab").read_text(encoding="utf-8").splitlines()
    (folder / "vocab.txt").write_text("\n".join(line.split("\t")[0] for line in lines) + "\n", encoding="utf-8")
    return str(folder)
