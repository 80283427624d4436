"""The audio codec: a training that lowers its distances, tokens, saving, what does not fit."""

from pathlib import Path

import onnxruntime
import pytest
import torch
from pytorch_lightning import Trainer

from nemo.collections.tts.models import AudioCodecModel
from nemo.utils.exceptions import ConfigError, ExportError

MODULES = "nemo.collections.tts.modules."
LOSSES = "nemo.collections.tts.losses.audio_codec_loss."
SIZES = {"resblock_kernel_sizes": [3], "resblock_dilation_sizes": [1, 3]}
QUANTIZERS = {
    "fsq": {
        "_target_": MODULES + "audio_codec_modules.GroupFiniteScalarQuantizer",
        "num_groups": 2,
        "num_levels_per_group": [5, 5, 4],
    },
    "rvq": {
        "_target_": MODULES + "encodec_modules.ResidualVectorQuantizer",
        "num_codebooks": 3,
        "codebook_size": 8,
        "codebook_dim": 6,
        "kmeans_iters": 5,
    },
    "none": None,
}
CONFIG = {
    "sample_rate": 8000,
    "samples_per_frame": 16,
    "loss_resolutions": [[64, 16, 64], [128, 32, 128]],
    "mel_loss_dims": [8, 12],
    "stft_loss_scale": 10.0,
    "gen_loss_scale": 0.1,
    "feature_loss_scale": 0.1,
    "audio_encoder": {
        "_target_": MODULES + "audio_codec_modules.HiFiGANEncoder",
        "encoded_dim": 6,
        "down_sample_rates": [4, 4],
        "base_channels": 4,
        **SIZES,
    },
    "audio_decoder": {
        "_target_": MODULES + "audio_codec_modules.HiFiGANDecoder",
        "input_dim": 6,
        "up_sample_rates": [4, 4],
        "base_channels": 16,
        **SIZES,
    },
    "discriminator": {
        "_target_": MODULES + "audio_codec_modules.Discriminator",
        "discriminators": [
            {
                "_target_": MODULES + "audio_codec_modules.MultiResolutionDiscriminatorSTFT",
                "resolutions": [[64, 16, 64]],
            }
        ],
    },
    "generator_loss": {"_target_": LOSSES + "GeneratorHingedLoss"},
    "discriminator_loss": {"_target_": LOSSES + "DiscriminatorHingedLoss"},
    "optim": {"name": "adam", "lr": 0.01, "betas": [0.8, 0.99], "sched": {"name": "ExponentialLR", "gamma": 0.9}},
}


def tones():
    time = torch.arange(520) / 8000
    audio = 0.5 * torch.sin(2 * torch.pi * torch.tensor([[200.0], [450.0]]) * time)
    audio[1, 400:] = 0
    return {"audio": audio, "audio_lens": torch.tensor([520, 400])}


@pytest.mark.parametrize("kind", list(QUANTIZERS))
def test_training_brings_audio_together_and_the_archive_makes_the_same_tokens(tmp_path, kind):
    torch.manual_seed(0)
    model = AudioCodecModel({**CONFIG, "vector_quantizer": QUANTIZERS[kind]})
    batch = tones()
    model.set_trainer(
        Trainer(max_steps=60, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False)
    )

    @torch.no_grad()
    def distance():
        audio, lengths, generated, _ = model.eval()._process(batch)
        model.train()
        return float(model._distances(audio, lengths, generated)["loss_stft"])

    before = distance()
    model.trainer.fit(model, torch.utils.data.DataLoader([batch] * 15, batch_size=None))
    assert distance() < 0.95 * before
    assert [schedule.last_epoch for schedule in model.lr_schedulers()] == [2, 2]

    model.eval().save_to(str(tmp_path / "codec.nemo"))
    restored = AudioCodecModel.restore_from(str(tmp_path / "codec.nemo")).eval()
    inputs = {"audio": batch["audio"], "audio_len": batch["audio_lens"]}
    assert torch.equal(model(**inputs)[0], restored(**inputs)[0])


@torch.no_grad()
def test_tokens_are_decoded_to_what_the_whole_model_makes():
    torch.manual_seed(0)
    model = AudioCodecModel({**CONFIG, "vector_quantizer": QUANTIZERS["fsq"]}).eval()
    audio, lengths = tones().values()
    tokens, frames = model.encode(audio=audio, audio_len=lengths)
    assert tokens.shape == (2, 2, 33) and frames.tolist() == [33, 25]
    decoded, samples = model.decode(tokens=tokens, tokens_len=frames)
    assert decoded.shape == (2, 528) and samples.tolist() == [528, 400]
    torch.testing.assert_close(model(audio=audio, audio_len=lengths)[0], decoded)
    encoded, encoded_len = model.encode_audio(audio=audio, audio_len=lengths)
    assert torch.equal(model.quantize(encoded=encoded, encoded_len=encoded_len), tokens)
    dequantized = model.dequantize(tokens=tokens, tokens_len=frames)
    torch.testing.assert_close(dequantized, model.vector_quantizer(inputs=encoded, input_len=encoded_len)[0])


@torch.no_grad()
@pytest.mark.parametrize("kind", ["fsq", "rvq"])
def test_the_exported_files_make_the_same_tokens_and_audio(tmp_path, kind):
    torch.manual_seed(0)
    model = AudioCodecModel({**CONFIG, "vector_quantizer": QUANTIZERS[kind]})
    files, _ = model.export(str(tmp_path / "codec.onnx"), check_trace=True)
    assert [Path(file).name for file in files] == ["encoder-codec.onnx", "decoder-codec.onnx"]
    assert model.training
    model.eval()
    encoder, decoder = (onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"]) for file in files)
    noted = encoder.get_modelmeta().custom_metadata_map
    assert noted == {"sample_rate": "8000", "samples_per_frame": "16"}
    for audio, lengths in (tones().values(), (0.1 * torch.randn(1, 1203), torch.tensor([1203]))):
        inputs = {"audio": audio.numpy(), "audio_len": lengths.numpy()}
        tokens, tokens_len = encoder.run(["tokens", "tokens_len"], inputs)
        expected, frames = model.encode(audio=audio, audio_len=lengths)
        assert torch.equal(torch.from_numpy(tokens), expected)
        assert tokens_len.tolist() == frames.tolist()
        decoded, samples = decoder.run(["audio", "audio_len"], {"tokens": tokens, "tokens_len": tokens_len})
        expected, lengths = model.decode(tokens=expected, tokens_len=frames)
        torch.testing.assert_close(torch.from_numpy(decoded), expected, rtol=1e-4, atol=1e-5)
        assert samples.tolist() == lengths.tolist()


def test_the_discriminators_have_their_turns():
    model = AudioCodecModel({**CONFIG, "disc_updates_per_period": 1, "disc_update_period": 3})
    assert [model.should_update_disc(batch) for batch in range(5)] == [True, False, False, True, False]


def test_what_does_not_fit_is_named():
    model = AudioCodecModel(CONFIG).eval()
    with pytest.raises(ConfigError, match="has no model.vector_quantizer"):
        model.encode(*tones().values())
    with pytest.raises(ExportError, match="has no model.vector_quantizer.*train the model with one"):
        model.export("codec.onnx")
    with pytest.raises(ConfigError, match="disc_updates_per_period is 2"):
        AudioCodecModel({**CONFIG, "disc_updates_per_period": 2})
    with pytest.raises(ConfigError, match="mel_loss_dims has 1 items"):
        AudioCodecModel({**CONFIG, "mel_loss_dims": [8]})
