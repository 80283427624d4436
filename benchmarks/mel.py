"""Log-mel features of 16 x 15 s against the bare operations: torch.stft, power, matrix product, log.

Ours also does pre-emphasis, masks and per-feature normalisation. Run: ``python -m benchmarks.mel``.
"""

from __future__ import annotations

import torch

from benchmarks.measure import compare, emit_ratio
from nemo.collections.common.audio.mel_preprocessor import AudioToMelSpectrogramPreprocessor

LIMIT = 1.25
SECONDS, BATCH, SAMPLE_RATE = 15, 16, 16000


def main() -> None:
    torch.manual_seed(0)
    audio = torch.randn(BATCH, SECONDS * SAMPLE_RATE) * 0.1
    lengths = torch.full((BATCH,), audio.shape[1])
    preprocessor = AudioToMelSpectrogramPreprocessor(window_size=0.025, features=80, n_fft=512, pad_to=0).eval()
    window, filters = preprocessor.featurizer.window, preprocessor.featurizer.fb[0]

    @torch.no_grad()
    def bare() -> torch.Tensor:
        spectrum = torch.stft(audio, 512, 160, 400, window, return_complex=True)
        power = spectrum.real.square() + spectrum.imag.square()
        return torch.log(torch.matmul(filters, power) + 2**-24)

    def ours() -> torch.Tensor:
        return preprocessor(input_signal=audio, length=lengths)[0]

    timings = compare({"ours": ours, "bare": bare}, repetitions=15, warmup=3)
    seconds = timings["ours"].median
    emit_ratio("mel_16x15s", timings["ours"], timings["bare"], limit=LIMIT, real_time_factor=BATCH * SECONDS / seconds)


if __name__ == "__main__":
    main()
