"""Share of greedy transducer decoding in transcription: medium FastConformer, 16 utterances of 20 s, one thread.

Features, encoder (256 wide, 16 layers), then search with prediction and joint networks of width 640 and 1024 tokens.
Weights are random, so the blank's bias is raised until there are 3.5 tokens a second, about as in speech.
Run: ``python -m benchmarks.transducer_share``.
"""

from __future__ import annotations

import functools

import torch

from benchmarks.fastconformer_peer import MELS, WIDTH, ours
from benchmarks.measure import emit, measure
from benchmarks.rnnt_decode import networks

LIMIT = 0.15
BATCH, SECONDS, SAMPLE_RATE = 16, 20, 16000
TOKENS_A_SECOND = 3.5
FRAMES_A_SECOND = 12.5


def main() -> None:
    from nemo.collections.asr.modules import AudioToMelSpectrogramPreprocessor

    torch.set_num_threads(1)
    preprocessor = AudioToMelSpectrogramPreprocessor(
        sample_rate=SAMPLE_RATE, features=MELS, window_size=0.025, window_stride=0.01, n_fft=512
    ).eval()
    encoder = ours().encoder
    signal, lengths = 0.1 * torch.randn(BATCH, SECONDS * SAMPLE_RATE), torch.full((BATCH,), SECONDS * SAMPLE_RATE)

    @torch.inference_mode()
    def encode() -> torch.Tensor:
        features, frames = preprocessor(input_signal=signal, length=lengths)
        encoded: torch.Tensor = encoder(audio_signal=features, length=frames)[0]
        return encoded

    encoding = measure(encode, repetitions=2, warmup=0)
    frames = torch.randn(BATCH, int(SECONDS * FRAMES_A_SECOND), WIDTH)
    for name, durations in (("rnnt", ()), ("tdt", (0, 1, 2, 3, 4))):
        density = TOKENS_A_SECOND / FRAMES_A_SECOND
        _, _, search, frame_counts, found = networks(1024, 640, WIDTH, frames, durations, density)
        decoding = measure(functools.partial(search.search, frames, frame_counts), repetitions=4)
        best, rest = min(decoding.cpu_seconds), min(encoding.cpu_seconds)
        emit(
            f"transducer_share_{name}",
            best / (best + rest),
            unit="share of CPU seconds",
            limit=LIMIT,
            timing=decoding,
            tokens_a_second=found / (BATCH * SECONDS),
            encoder_cpu_seconds=rest,
            best_cpu_seconds=best,
        )


if __name__ == "__main__":
    main()
