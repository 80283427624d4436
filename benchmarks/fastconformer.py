"""Medium FastConformer-CTC, 20 s of audio, one utterance: features to log-probabilities, on one thread and on two.

The reference is the matrix product of this machine: what the same multiply-adds take at the speed of a product of
1024 x 1024. On a busy machine only CPU time of one thread says something. Run: ``python -m benchmarks.fastconformer``.
"""

from __future__ import annotations

import os

import torch

from benchmarks.measure import emit, measure
from nemo.collections.asr.modules.conformer_encoder import ConformerEncoder
from nemo.collections.asr.modules.conv_decoder import ConvASRDecoder

LIMITS_MS = {1: 240.0, 2: 150.0}
MELS, FRAMES, WIDTH, HEADS, LAYERS, CHANNELS, KERNEL, CLASSES = 80, 2001, 256, 4, 16, 256, 9, 1025


def multiply_adds() -> int:
    """Of one forward pass; positions are projected once for a length and not counted."""
    frames, bands, count = FRAMES, MELS, 0
    for stage in range(3):
        frames, bands = (frames + 1) // 2, (bands + 1) // 2
        count += frames * bands * CHANNELS * (9 + (CHANNELS if stage else 0))
    count += frames * CHANNELS * bands * WIDTH
    feed_forwards = 2 * 2 * frames * WIDTH * 4 * WIDTH
    attention = 4 * frames * WIDTH**2 + (2 * frames + 2 * frames - 1) * frames * WIDTH
    convolution = frames * WIDTH * (3 * WIDTH + KERNEL)
    return count + LAYERS * (feed_forwards + attention + convolution) + frames * WIDTH * CLASSES


def matrix_product_rate() -> float:
    """Multiply-adds per second of a large product, in CPU time."""
    a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
    return 1024**3 / min(measure(lambda: a @ b, repetitions=20, warmup=3).wall_seconds)


def main() -> None:
    torch.manual_seed(0)
    encoder = ConformerEncoder(
        feat_in=MELS,
        n_layers=LAYERS,
        d_model=WIDTH,
        n_heads=HEADS,
        subsampling="dw_striding",
        subsampling_factor=8,
        subsampling_conv_channels=CHANNELS,
        conv_kernel_size=KERNEL,
    ).eval()
    decoder = ConvASRDecoder(WIDTH, CLASSES - 1).eval()
    features, lengths = torch.randn(1, MELS, FRAMES), torch.tensor([FRAMES])

    @torch.no_grad()
    def forward() -> torch.Tensor:
        return decoder(encoder_output=encoder(audio_signal=features, length=lengths)[0])

    for threads in sorted({1, min(2, os.cpu_count() or 1)}):
        torch.set_num_threads(threads)
        timing, rate = measure(forward, repetitions=12, warmup=2), matrix_product_rate()
        floor_ms = multiply_adds() / rate * 1e3
        emit(
            f"fastconformer_medium_20s_{threads}_threads",
            min(timing.wall_seconds) * 1e3,
            unit="ms",
            limit=LIMITS_MS[threads],
            reference=floor_ms,
            timing=timing,
            best_cpu_ms=min(timing.cpu_seconds) * 1e3,
            share_of_matrix_product=floor_ms / (min(timing.wall_seconds) * 1e3),
            real_time_factor=20 / min(timing.wall_seconds),
        )


if __name__ == "__main__":
    main()
