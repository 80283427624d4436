"""VITS: a training that brings spectrograms together, voices, saving, its exported file, what does not fit."""

import numpy as np
import onnxruntime
import pytest
import torch
from pytorch_lightning import Trainer

from nemo.collections.tts.models import VitsModel
from nemo.utils.exceptions import ConfigError, ShapeError
from tests.collections.tts.models.test_fastpitch import CONFIG as FASTPITCH
from tests.collections.tts.models.test_fastpitch import batch_of_tones
from tests.collections.tts.models.test_hifigan import PREPROCESSOR
from tests.collections.tts.modules.test_vits import SIZES, disturbed

SYNTHESIZER = {
    "_target_": "nemo.collections.tts.modules.vits_modules.SynthesizerTrn",
    **{key: value for key, value in SIZES.items() if key not in ("n_vocab", "spec_channels", "segment_size")},
    "upsample_rates": [8, 8],
    "upsample_kernel_sizes": [16, 16],
    "p_dropout": 0.0,
    "gin_channels": 6,
}
CONFIG = {
    "text_tokenizer": FASTPITCH["text_tokenizer"],
    "preprocessor": {**PREPROCESSOR, "sample_rate": 8000},
    "synthesizer": SYNTHESIZER,
    "segment_size": 1024,
    "debug": True,
    "optim": {"name": "adamw", "lr": 0.01, "sched": {"name": "ExponentialLR", "gamma": 0.9}},
}


@pytest.mark.parametrize(("n_speakers", "use_sdp"), [(0, False), (2, True)])
def test_it_learns_to_speak_and_is_the_same_from_its_archive(tmp_path, n_speakers, use_sdp):
    torch.manual_seed(0)
    model = VitsModel({**CONFIG, "n_speakers": n_speakers, "synthesizer": {**SYNTHESIZER, "use_sdp": use_sdp}})
    batch = batch_of_tones(model, max(n_speakers, 1))
    model.set_trainer(
        Trainer(max_steps=36, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False)
    )

    @torch.no_grad()
    def losses():
        torch.manual_seed(1)
        return {name: float(value) for name, value in model._likelihood_losses(*model._speak(batch)).items()}

    before = losses()
    model.trainer.fit(model, torch.utils.data.DataLoader([batch] * 9, batch_size=None))
    after = losses()
    assert after["loss_mel"] < 0.9 * before["loss_mel"]
    assert after["loss_kl"] < before["loss_kl"]
    assert [schedule.last_epoch for schedule in model.lr_schedulers()] == [2, 2]

    model.eval().save_to(str(tmp_path / "voice.nemo"))
    restored = VitsModel.restore_from(str(tmp_path / "voice.nemo")).eval()
    speakers, spoken = (torch.tensor([1]) if n_speakers else None), []
    for each in (model, restored):
        torch.manual_seed(2)
        spoken.append(each.convert_text_to_waveform(tokens=each.parse("abc"), speakers=speakers, noise_scale=0.5))
    assert torch.equal(*spoken)
    assert spoken[0].shape[1] % 64 == 0
    assert {"net_g.enc_p.emb.weight", "net_g.dec.ups.0.weight_g", "net_d.discriminators.5.convs.0.weight_v"} <= set(
        model.state_dict()
    )


def test_every_frame_has_one_token_and_pieces_are_those_of_the_recording():
    torch.manual_seed(0)
    model = VitsModel({**CONFIG, "n_speakers": 0}).eval()
    batch = batch_of_tones(model)
    with torch.no_grad():
        trained, real = model._speak(batch)
    assert trained.attention.sum(dim=2)[0].eq(1).all()
    assert trained.attention.sum(dim=1)[0, : int(batch["text_lens"][0])].ge(1).all()
    for row, start in enumerate(trained.starts.tolist()):
        torch.testing.assert_close(real[row, 0], batch["audio"][row, start * 64 : start * 64 + 1024])


def test_what_does_not_fit_is_named():
    with pytest.raises(ConfigError, match="segment_size is 1000"):
        VitsModel({**CONFIG, "segment_size": 1000})
    with pytest.raises(ConfigError, match="upsample_rates make 32"):
        VitsModel(
            {**CONFIG, "synthesizer": {**SYNTHESIZER, "upsample_rates": [8, 4], "upsample_kernel_sizes": [16, 8]}}
        )
    model = VitsModel({**CONFIG, "n_speakers": 3}).eval()
    with pytest.raises(ConfigError, match="3 voices and `speakers` is None"):
        model.convert_text_to_waveform(tokens=model.parse("a"))
    with pytest.raises(ConfigError, match="Expected ids from 0 to 2"):
        model.convert_text_to_waveform(tokens=model.parse("a"), speakers=torch.tensor([3]))
    batch = batch_of_tones(model)
    with pytest.raises(ShapeError, match="Item 0 of the batch has 7 frames"):
        model._speak({**batch, "audio_lens": torch.tensor([500, 4000])})


@torch.no_grad()
@pytest.mark.parametrize(("n_speakers", "use_sdp"), [(0, False), (2, True)])
def test_the_exported_file_says_what_the_model_says(tmp_path, n_speakers, use_sdp):
    torch.manual_seed(0)
    model = VitsModel({**CONFIG, "n_speakers": n_speakers, "synthesizer": {**SYNTHESIZER, "use_sdp": use_sdp}}).eval()
    disturbed(model.net_g)
    if not use_sdp:
        model.net_g.dp.proj.weight.mul_(0.2)  # durations of some frames
    model.export(str(tmp_path / "voice.onnx"))
    session = onnxruntime.InferenceSession(tmp_path / "voice.onnx", providers=["CPUExecutionProvider"])
    names = ["x", "x_length", "noise_scale", "length_scale", "noise_scale_w", *(["sid"] if n_speakers else [])]
    assert [port.name for port in session.get_inputs()] == names
    noted = session.get_modelmeta().custom_metadata_map
    expected = {"language": "English", "n_speakers": str(n_speakers), "sample_rate": "8000", "add_blank": "0"}
    assert {key: noted[key] for key in expected} == expected
    frames = []
    for texts, tokens, slowness in ((1, 4, 1.0), (3, 23, 6.0)):
        (inputs,) = model.input_example(texts, tokens)
        inputs["x_length"][-1] = tokens - 2
        inputs["length_scale"][0] = slowness
        if n_speakers:
            inputs["sid"] = torch.arange(texts) % 2
        (audio,) = session.run(["y"], {name: value.numpy() for name, value in inputs.items()})
        scales = [float(inputs[name]) for name in ("noise_scale", "length_scale", "noise_scale_w")]
        expected, _, count = model.net_g.infer(inputs["x"], inputs["x_length"], inputs.get("sid"), *scales)
        torch.testing.assert_close(torch.from_numpy(audio), expected, rtol=1e-4, atol=1e-5)
        frames.append(int(count.max()))
    assert frames[0] < frames[1]
    inputs |= {"noise_scale": torch.tensor([0.667]), "noise_scale_w": torch.tensor([0.8])}
    drawn = [session.run(["y"], {name: value.numpy() for name, value in inputs.items()})[0] for _ in range(2)]
    assert all(np.isfinite(each).all() and each.shape[2] % 64 == 0 for each in drawn)
    assert drawn[0].shape != drawn[1].shape or np.abs(drawn[0] - drawn[1]).max() > 1e-3
