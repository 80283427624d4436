"""Transcription of 5 minutes in 40 short files with a QuartzNet 5x5 (random weights), batches of 8.

The reference computes the same batches with the files already in memory: the ratio is what reading, ordering, decoding
and timing cost. The value in audio seconds by second says how fast it is.
"""

import logging
import tempfile
from pathlib import Path

import numpy as np
import torch

from benchmarks.measure import compare, emit, emit_ratio

CONFIGS = Path(__file__).parents[1] / "examples/asr/conf/quartznet"
SAMPLE_RATE = 16000
BATCH_SIZE = 8


def quartznet():
    from hydra import compose, initialize_config_dir
    from omegaconf import open_dict

    from nemo.collections.asr.models import EncDecCTCModel

    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        config = compose("quartznet_5x5").model
    with open_dict(config):
        for section in ("train_ds", "validation_ds", "test_ds"):
            del config[section]
    torch.manual_seed(0)
    return EncDecCTCModel(cfg=config).eval()


def recordings(folder, count=40):
    """Noise of 4 to 11 seconds with the envelope of syllables; paths and samples, the longest first."""
    import soundfile

    generator = np.random.default_rng(0)
    files = []
    for index in range(count):
        time = np.arange(int(generator.uniform(4, 11) * SAMPLE_RATE)) / SAMPLE_RATE
        samples = (0.1 * np.sin(8 * np.pi * time) ** 2 * generator.standard_normal(len(time))).astype("float32")
        path = Path(folder) / f"{index}.wav"
        soundfile.write(path, samples, SAMPLE_RATE)
        files.append((str(path), torch.from_numpy(samples)))
    return sorted(files, key=lambda file: -len(file[1]))


def main():
    logging.getLogger("nemo").setLevel(logging.ERROR)
    model = quartznet()
    with tempfile.TemporaryDirectory() as folder:
        files = recordings(folder)
        seconds = sum(len(samples) for _, samples in files) / SAMPLE_RATE
        paths = [path for path, _ in files]

        def bare():
            for first in range(0, len(files), BATCH_SIZE):
                batch = [samples for _, samples in files[first : first + BATCH_SIZE]]
                lengths = torch.tensor([len(samples) for samples in batch])
                padded = torch.nn.utils.rnn.pad_sequence(batch, batch_first=True)
                with torch.no_grad():
                    model(input_signal=padded, input_signal_length=lengths)

        jobs = {
            "transcribe": lambda: model.transcribe(paths, batch_size=BATCH_SIZE, verbose=False),
            "timestamps": lambda: model.transcribe(paths, batch_size=BATCH_SIZE, verbose=False, timestamps=True),
            "bare": bare,
        }
        timings = compare(jobs, repetitions=3)
    speed = seconds / timings["transcribe"].median
    emit(
        "transcribe_speed",
        speed,
        unit="audio seconds/s",
        timing=timings["transcribe"],
        audio_seconds=seconds,
        real_time_factor=1 / speed,
    )
    emit_ratio("transcribe", timings["transcribe"], timings["bare"], limit=1.15)
    emit_ratio("transcribe_timestamps", timings["timestamps"], timings["bare"], limit=1.2)


if __name__ == "__main__":
    main()
