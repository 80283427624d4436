"""Text to audio on one thread: FastPitch and HiFi-GAN against transformers' FastSpeech2Conformer with its HiFi-GAN.

Random weights. 120 tokens that last 3 frames each: 360 frames, 4.2 s of 22.05 kHz. Both have 6 layers of width 384 for
the tokens and 6 for the frames, 1536 channels inside (kernel 3), predictors of 256 channels and 2 layers, and the same
generators: V1, then V2, which has a quarter of the channels. What differs: a conformer's layer has two blocks of
convolutions beside attention and a depthwise one, and a postnet of 5 convolutions follows; ours has one block, no
postnet and no energy. Our generator has its weight norms, as a restored model does; transformers' has plain weights.
Spectrograms and audio are compared apart too. Run: ``python -m benchmarks.tts_inference``, or with names: ``v1 v2
original``.

The second part is what the original's releases were measured with, with its own numbers in seconds: FastPitch of 120
tokens and 300 frames, durations given, and HiFi-GAN V3 on these; PyTorch 2.13 for CPUs, two cores of an AMD EPYC (Zen
4), two threads, medians of three runs; the better release counts. On a busy machine compare CPU seconds with
`plain_cpu_seconds`: the same generator in plain PyTorch, run beside it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.measure import Timing, compare, emit, emit_ratio
from nemo.collections.tts.modules.fastpitch import FastPitchModule, TemporalPredictor
from nemo.collections.tts.modules.hifigan import Generator
from nemo.collections.tts.modules.transformer import FFTransformerDecoder, FFTransformerEncoder

WIDTH, LAYERS, INNER, KERNEL, FILTERS, TOKENS, MELS = 384, 6, 1536, 3, 256, 120, 80
SAMPLE_RATE, HOP, VOCABULARY = 22050, 256, 78
FRAMES_OF_TOKEN = 3
V1: dict[str, Any] = {
    "upsample_rates": [8, 8, 2, 2],
    "upsample_kernel_sizes": [16, 16, 4, 4],
    "upsample_initial_channel": 512,
    "resblock_kernel_sizes": [3, 7, 11],
    "resblock_dilation_sizes": [[1, 3, 5]] * 3,
}
V2 = {**V1, "upsample_initial_channel": 128}
V3: dict[str, Any] = {
    "upsample_rates": [8, 8, 4],
    "upsample_kernel_sizes": [16, 16, 8],
    "upsample_initial_channel": 256,
    "resblock_kernel_sizes": [3, 5, 7],
    "resblock_dilation_sizes": [[1, 2], [2, 6], [3, 12]],
}
LIMIT = 1 / 1.2
REPETITIONS = 7
ORIGINAL_FASTPITCH_SECONDS = 0.12129
ORIGINAL_HIFIGAN_SECONDS = 0.15273
THREADS_OF_ORIGINAL = 2
ORIGINAL_LIMIT = 0.8


def fastpitch() -> FastPitchModule:
    """The network of FastPitch, of which each token lasts :data:`FRAMES_OF_TOKEN` frames."""
    sizes = (LAYERS, 1, WIDTH, 64, INNER, KERNEL, 0.1, 0.1)
    encoder = FFTransformerEncoder(*sizes, n_embed=VOCABULARY, padding_idx=VOCABULARY - 1)
    durations, pitch = (TemporalPredictor(WIDTH, FILTERS, KERNEL, 0.1) for _ in range(2))
    network = FastPitchModule(encoder, FFTransformerDecoder(*sizes), durations, pitch, n_mel_channels=MELS).eval()
    _fix_durations(durations.fc)
    return network


def conformer() -> Any:
    """FastSpeech2Conformer with as many layers of as many channels; its tokens last as long."""
    from transformers import FastSpeech2ConformerConfig, FastSpeech2ConformerModel

    config = FastSpeech2ConformerConfig(
        hidden_size=WIDTH, vocab_size=VOCABULARY, num_mel_bins=MELS, encoder_layers=LAYERS, decoder_layers=LAYERS,
        encoder_linear_units=INNER, decoder_linear_units=INNER, positionwise_conv_kernel_size=KERNEL,
        duration_predictor_layers=2, pitch_predictor_layers=2, pitch_predictor_kernel_size=KERNEL,
        energy_predictor_layers=2,
    )  # fmt: skip
    network = FastSpeech2ConformerModel(config).eval()
    _fix_durations(network.duration_predictor.linear)
    return network


def _fix_durations(last: nn.Linear) -> None:
    nn.init.zeros_(last.weight)
    nn.init.constant_(last.bias, torch.tensor(FRAMES_OF_TOKEN + 1.0).log().item())


def conformer_vocoder(sizes: dict[str, Any]) -> Any:
    """The generator of the package transformers."""
    from transformers import FastSpeech2ConformerHifiGan, FastSpeech2ConformerHifiGanConfig

    return FastSpeech2ConformerHifiGan(FastSpeech2ConformerHifiGanConfig(model_in_dim=MELS, **sizes)).eval()


def against_conformer(name: str, sizes: dict[str, Any], ours: FastPitchModule, theirs: Any) -> None:
    """One JSON line: our time by theirs for the whole way, and for its two parts."""
    our_vocoder, their_vocoder = Generator(1, **sizes).eval(), conformer_vocoder(sizes)
    text = torch.randint(0, VOCABULARY - 1, (1, TOKENS))
    with torch.inference_mode():
        mel, their_mel = ours(text=text).spect, theirs(text).spectrogram
        assert mel.shape[2] == their_mel.shape[1] == TOKENS * FRAMES_OF_TOKEN, "not as many frames"

        def our_audio(spectrogram: Tensor = mel) -> Tensor:
            with nn.utils.parametrize.cached():
                return our_vocoder(x=spectrogram)

        parts = {
            "ours": lambda: our_audio(ours(text=text).spect),
            "theirs": lambda: their_vocoder(theirs(text).spectrogram),
            "our_spectrogram": lambda: ours(text=text),
            "their_spectrogram": lambda: theirs(text),
            "our_audio": our_audio,
            "their_audio": lambda: their_vocoder(their_mel),
        }
        timings = compare(parts, repetitions=REPETITIONS)
    seconds = TOKENS * FRAMES_OF_TOKEN * HOP / SAMPLE_RATE
    emit_ratio(
        f"tts_inference_{name}",
        timings["ours"],
        timings["theirs"],
        limit=LIMIT,
        our_real_time_factor=timings["ours"].cpu / seconds,
        their_real_time_factor=timings["theirs"].cpu / seconds,
        spectrogram_cpu_ratio=timings["our_spectrogram"].cpu / timings["their_spectrogram"].cpu,
        audio_cpu_ratio=timings["our_audio"].cpu / timings["their_audio"].cpu,
    )


def against_original(threads: int) -> None:
    """Two JSON lines: our seconds by those of the original for the same work."""
    torch.set_num_threads(threads)
    network, generator = fastpitch(), Generator(2, **V3).eval()
    text = torch.randint(0, VOCABULARY - 1, (1, TOKENS))
    durations = torch.full_like(text, FRAMES_OF_TOKEN)
    durations[:, ::2] = 2
    pitch = torch.randn(text.shape)
    with torch.inference_mode():
        mel = network(text=text, durs=durations, pitch=pitch).spect

        def audio() -> Tensor:
            with nn.utils.parametrize.cached():
                return generator(x=mel)

        torch.testing.assert_close(audio(), plain_audio(generator, mel), atol=1e-5, rtol=1e-5)
        parts: dict[str, Callable[[], object]] = {
            "fastpitch": lambda: network(text=text, durs=durations, pitch=pitch),
            "hifigan_v3": audio,
            "plain": lambda: plain_audio(generator, mel),
        }
        timings = compare(parts, repetitions=REPETITIONS, warmup=2)
    originals = {"fastpitch": ORIGINAL_FASTPITCH_SECONDS, "hifigan_v3": ORIGINAL_HIFIGAN_SECONDS}
    for name, seconds in originals.items():
        _emit_to_original(f"tts_original_{name}_{threads}_threads", timings[name], seconds, timings["plain"])


def _emit_to_original(name: str, timing: Timing, seconds: float, plain: Timing) -> None:
    emit(
        name,
        timing.median / seconds,
        unit="ratio",
        limit=ORIGINAL_LIMIT,
        reference=seconds,
        timing=timing,
        best_seconds=min(timing.wall_seconds),
        plain_cpu_seconds=plain.cpu,
    )


def plain_audio(generator: Generator, mel: Tensor) -> Tensor:
    """What the generator computes, each operation by PyTorch's own, weights normalised where they are used."""
    x = generator.conv_pre(mel)
    for widening, blocks in zip(generator.ups, generator.resblocks, strict=True):
        x = widening(F.leaky_relu(x, 0.1))
        assert isinstance(blocks, nn.ModuleList)
        x = torch.stack([_plain_block(block, x) for block in blocks]).mean(0)
    audio: Tensor = torch.tanh(generator.conv_post(F.leaky_relu(x)))
    return audio


def _plain_block(block: Any, x: Tensor) -> Tensor:
    for layer in block.convs:
        x = x + layer(F.leaky_relu(x, 0.1))
    return x


def main(names: list[str]) -> None:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    torch.set_num_threads(1)
    torch.manual_seed(0)
    peers = {name: sizes for name, sizes in (("v1", V1), ("v2", V2)) if not names or name in names}
    if peers:
        ours, theirs = fastpitch(), conformer()
        for name, sizes in peers.items():
            against_conformer(name, sizes, ours, theirs)
    if not names or "original" in names:
        against_original(min(THREADS_OF_ORIGINAL, os.cpu_count() or 1))


if __name__ == "__main__":
    main(sys.argv[1:])
