"""Training steps of FastPitch, alignments learnt on the way, by Lightning's trainer against a bare loop.

Width 384, 6 + 6 layers; 4 recordings of 3 s with 50 characters each. Both sides compute spectrograms,
the same network, the monotonic alignment, five losses, gradients and AdamW. The bare loop has the bare network, a plain
`torch.stft`, losses in plain PyTorch, no trainer, and logs nothing. Run: ``python -m benchmarks.tts_training``.
"""

from __future__ import annotations

import logging
import warnings
from typing import Any

import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from omegaconf import OmegaConf
from torch import Tensor

from benchmarks.measure import compare, emit_ratio
from nemo.collections.tts.models.fastpitch import FastPitchModel

LIMIT = 1.05
STEPS, REPETITIONS = 10, 3
BATCH, TOKENS, SECONDS, SAMPLE_RATE, HOP, WINDOW, MELS, WIDTH = 4, 50, 3, 22050, 256, 1024, 80, 384
FRAMES = SECONDS * SAMPLE_RATE // HOP + 1
MODULES = "nemo.collections.tts.modules"


def config() -> dict[str, Any]:
    """The `model` section."""
    sizes = {
        "n_layer": 6, "n_head": 1, "d_model": WIDTH, "d_head": 64, "d_inner": 1536, "kernel_size": 3, "dropout": 0.1,
        "dropatt": 0.1, "dropemb": 0.0,
    }  # fmt: skip
    predictor = {
        "_target_": f"{MODULES}.fastpitch.TemporalPredictor", "input_size": WIDTH, "kernel_size": 3,
        "filter_size": 256, "dropout": 0.1, "n_layers": 2,
    }  # fmt: skip
    return {
        "learn_alignment": True,
        "symbols_embedding_dim": WIDTH,
        "text_tokenizer": {"_target_": "nemo.collections.tts.text.chars_tokenizers.EnglishCharsTokenizer"},
        "preprocessor": {
            "_target_": "nemo.collections.asr.modules.AudioToMelSpectrogramPreprocessor",
            "features": MELS, "n_fft": WINDOW, "n_window_size": WINDOW, "n_window_stride": HOP, "window_size": False,
            "window_stride": False, "pad_to": 1, "sample_rate": SAMPLE_RATE, "highfreq": 8000, "normalize": None,
            "preemph": None, "dither": 0.0, "mag_power": 1.0,
        },
        "input_fft": {"_target_": f"{MODULES}.transformer.FFTransformerEncoder", **sizes},
        "output_fft": {"_target_": f"{MODULES}.transformer.FFTransformerDecoder", **sizes},
        "alignment_module": {"_target_": f"{MODULES}.aligner.AlignmentEncoder", "n_text_channels": WIDTH},
        "duration_predictor": predictor,
        "pitch_predictor": predictor,
        "optim": {"name": "adamw", "lr": 1e-4, "weight_decay": 1e-6},
    }  # fmt: skip


def random_batch(vocabulary: int) -> dict[str, Tensor]:
    """Texts, audio and pitch of the right sizes."""
    return {
        "audio": 0.1 * torch.randn(BATCH, SECONDS * SAMPLE_RATE),
        "audio_lens": torch.full((BATCH,), SECONDS * SAMPLE_RATE),
        "text": torch.randint(1, vocabulary, (BATCH, TOKENS)),
        "text_lens": torch.full((BATCH,), TOKENS),
        "pitch": torch.randn(BATCH, FRAMES),
        "align_prior_matrix": torch.softmax(torch.randn(BATCH, FRAMES, TOKENS), dim=2),
    }


def bare_loss(network: Any, filters: Tensor, batch: dict[str, Tensor]) -> Tensor:
    """All losses of a batch without padding, `filters` are those of the mel bands [D, N]."""
    window = torch.hann_window(WINDOW, periodic=False)
    spectrum = torch.stft(batch["audio"], WINDOW, HOP, WINDOW, window, return_complex=True).abs()
    mels = (filters @ spectrum + 2**-24).log()
    frames = torch.full((BATCH,), FRAMES)
    spoken = network(
        text=batch["text"], pitch=batch["pitch"], spec=mels, attn_prior=batch["align_prior_matrix"],
        mel_lens=frames, input_lens=batch["text_lens"],
    )  # fmt: skip
    log_probs = F.pad(spoken.attn_logprob[:, 0], (1, 0), value=-1.0).log_softmax(2).transpose(0, 1)
    targets = torch.arange(1, TOKENS + 1).expand(BATCH, -1)
    return (
        F.mse_loss(spoken.spect, mels)
        + 0.1 * F.mse_loss(spoken.log_durs_predicted, (spoken.attn_hard_dur + 1).log())
        + 0.1 * F.mse_loss(spoken.pitch_predicted, spoken.pitch)
        + F.ctc_loss(log_probs, targets, frames, batch["text_lens"])
        # its weight is 0 in the first epoch
        - 0.0 * spoken.attn_soft[spoken.attn_hard == 1].clamp(min=1e-12).log().mean()
    )


def main() -> None:
    """Prints how many times longer the trainer takes than the bare loop, for the same steps."""
    warnings.filterwarnings("ignore")
    for name in ("nemo", "pytorch_lightning"):
        logging.getLogger(name).setLevel(logging.ERROR)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = FastPitchModel(OmegaConf.create(config())).train()
    batches = [random_batch(len(model.vocab.tokens) - 1)] * STEPS
    filters = model.preprocessor.featurizer.fb[0]
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=1e-6)

    def ours() -> None:
        trainer = pl.Trainer(
            max_steps=STEPS, accelerator="cpu", devices=1, logger=False, enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False, num_sanity_val_steps=0,
        )  # fmt: skip
        model.set_trainer(trainer)
        trainer.fit(model, torch.utils.data.DataLoader(batches, batch_size=None))  # type: ignore[arg-type]

    def bare() -> None:
        for batch in batches:
            optimizer.zero_grad()
            bare_loss(model.fastpitch, filters, batch).backward()
            optimizer.step()

    with torch.no_grad():
        model.eval()
        _, losses = model._losses(batches[0])
        torch.testing.assert_close(bare_loss(model.fastpitch, filters, batches[0]), losses["loss"], rtol=1e-4, atol=0)
        model.train()
    timings = compare({"ours": ours, "bare": bare}, repetitions=REPETITIONS)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    emit_ratio("tts_training_fastpitch", timings["ours"], timings["bare"], limit=LIMIT, parameters=parameters)


if __name__ == "__main__":
    main()
