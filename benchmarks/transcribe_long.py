"""An hour of audio in one file, with a small FastConformer-CTC (random weights): peak memory, and what chunks cost.

The file is transcribed in a process of its own, whose peak is measured above that of one which has loaded the model and
transcribed ten seconds. Memory is what samples, features and log-probabilities take, which grows with the length, and
one batch of chunks, which does not. The times are of ten minutes, in chunks and with local attention at once.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.measure import compare, emit, emit_ratio

SAMPLE_RATE = 16000
LIMIT_GIB = 3.0
MODULES = "nemo.collections.asr.modules"
LABELS = [" ", *"abcdefghijklmnopqrstuvwxyz'"]


def config():
    """88 channels, four layers, eight feature frames a step: the shape of FastConformer, in small."""
    return {
        "sample_rate": SAMPLE_RATE,
        "labels": LABELS,
        "preprocessor": {
            "_target_": f"{MODULES}.AudioToMelSpectrogramPreprocessor",
            "sample_rate": SAMPLE_RATE, "features": 80, "window_size": 0.025, "window_stride": 0.01, "n_fft": 512,
        },
        "encoder": {
            "_target_": f"{MODULES}.ConformerEncoder",
            "feat_in": 80, "n_layers": 4, "d_model": 88, "n_heads": 4, "subsampling": "dw_striding",
            "subsampling_factor": 8, "subsampling_conv_channels": 64, "conv_kernel_size": 9,
        },
        "decoder": {"_target_": f"{MODULES}.ConvASRDecoder", "feat_in": 88, "num_classes": -1, "vocabulary": LABELS},
    }  # fmt: skip


def small_model():
    import torch

    from nemo.collections.asr.models import EncDecCTCModel

    torch.manual_seed(0)
    return EncDecCTCModel(cfg=config()).eval()


def write_recording(path, seconds):
    """Noise with the envelope of syllables, written in pieces of ten seconds."""
    import soundfile

    generator = np.random.default_rng(0)
    time = np.arange(10 * SAMPLE_RATE) / SAMPLE_RATE
    with soundfile.SoundFile(path, "w", SAMPLE_RATE, 1, "PCM_16") as file:
        for _ in range(seconds // 10):
            file.write(0.1 * np.sin(8 * np.pi * time) ** 2 * generator.standard_normal(len(time)).astype("float32"))


def transcribe_here(path):
    """Prints the peak memory of this process after `path`, and what was found."""
    import resource
    import time

    model = small_model()
    started = time.perf_counter()
    (hypothesis,) = model.transcribe(path, timestamps=True, verbose=False)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    found = {"peak": peak, "seconds": time.perf_counter() - started, "frames": int(hypothesis.length)}
    print(json.dumps(found))


def in_own_process(path):
    command = [sys.executable, "-m", "benchmarks.transcribe_long", str(path)]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def main(minutes=60):
    with tempfile.TemporaryDirectory() as folder:
        short, long, part = (Path(folder) / name for name in ("short.wav", "long.wav", "part.wav"))
        for path, seconds in ((short, 10), (long, 60 * minutes), (part, 600)):
            write_recording(path, seconds)
        base, measured = in_own_process(short), in_own_process(long)
        gib = 2**30
        emit(
            "transcribe_long_peak",
            measured["peak"] / gib,
            unit="GiB",
            limit=LIMIT_GIB,
            audio_minutes=minutes,
            peak_of_ten_seconds=base["peak"] / gib,
            seconds=measured["seconds"],
            encoder_frames=measured["frames"],
        )
        model, local = small_model(), small_model()
        local.change_attention_model("rel_pos_local_attn", [128, 128])
        jobs = {
            "chunks": lambda: model.transcribe(str(part), verbose=False),
            "local": lambda: local.transcribe(str(part), verbose=False, max_seconds=float("inf")),
        }
        timings = compare(jobs, repetitions=2)
        emit_ratio("transcribe_long_chunks_to_local", timings["chunks"], timings["local"], limit=1.5)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        transcribe_here(sys.argv[1])
    else:
        main()
