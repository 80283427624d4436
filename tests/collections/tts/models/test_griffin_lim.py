"""Griffin-Lim and the pseudo-inverse of mel filters: known signals come back."""

import pytest
import torch

from nemo.collections.common.audio.mel_filterbank import mel_filterbank
from nemo.collections.tts.models import GriffinLimModel, MelPsuedoInverseModel, TwoStagesModel
from nemo.collections.tts.modules.griffin_lim import griffin_lim
from nemo.utils.exceptions import ConfigError, ShapeError

RATE, N_FFT, HOP = 8000, 256, 64
MEL = {"sampling_rate": RATE, "n_fft": N_FFT, "mel_freq": 40}
LINEAR = {"n_fft": N_FFT, "l_hop": HOP, "n_iters": 40}


def two_tones():
    time = torch.arange(HOP * 60) / RATE
    return (torch.sin(2 * torch.pi * 440 * time) + 0.5 * torch.sin(2 * torch.pi * 1250 * time))[None]


def magnitudes(audio):
    return torch.stft(audio, N_FFT, HOP, N_FFT, torch.hann_window(N_FFT), return_complex=True).abs()


def distance(audio, wanted):
    return float(torch.linalg.norm(magnitudes(audio) - wanted) / torch.linalg.norm(wanted))


def test_no_turn_takes_the_spectrogram_farther_away_and_momentum_comes_nearer():
    wanted, window = magnitudes(two_tones()), torch.hann_window(N_FFT)
    found = {}
    for momentum in (0.0, 0.99):
        found[momentum] = []
        for iterations in (0, 1, 5, 20, 40):
            torch.manual_seed(3)
            audio = griffin_lim(wanted, window, N_FFT, HOP, iterations, momentum)
            found[momentum].append(distance(audio, wanted))
    assert found[0.0] == sorted(found[0.0], reverse=True)
    assert found[0.99][-1] < found[0.0][-1] < 0.3 * found[0.0][0]


def test_audio_has_the_magnitudes_that_were_given():
    torch.manual_seed(0)
    wanted = magnitudes(two_tones())
    audio = GriffinLimModel(LINEAR).convert_linear_spectrogram_to_audio(spec=wanted)
    assert audio.shape == two_tones().shape
    assert distance(audio, wanted) < 0.1


def test_the_pseudo_inverse_keeps_what_the_filters_see():
    model = MelPsuedoInverseModel(MEL)
    filters = mel_filterbank(RATE, N_FFT, 40)
    torch.testing.assert_close(filters @ model.mel_pseudo_inverse @ filters, filters, atol=1e-6, rtol=1e-4)
    inside = filters.T @ torch.rand(40, 7)  # the filters see all of such a spectrum
    found = model.convert_mel_spectrogram_to_linear((filters @ inside)[None])
    torch.testing.assert_close(found[0], inside, atol=1e-6, rtol=1e-3)


def two_stages():
    path = "nemo.collections.tts.models.{}"
    return {
        "mel2spec": {"_target_": path.format("MelPsuedoInverseModel"), "cfg": MEL},
        "linvocoder": {"_target_": path.format("GriffinLimModel"), "cfg": LINEAR},
    }


def test_two_stages_bring_the_tones_back_also_from_an_archive(tmp_path):
    model = TwoStagesModel(two_stages())
    log_mel = (mel_filterbank(RATE, N_FFT, 40) @ magnitudes(two_tones())).clamp(min=1e-5).log()
    model.save_to(str(tmp_path / "stages.nemo"))
    restored = TwoStagesModel.restore_from(str(tmp_path / "stages.nemo"))
    spoken = []
    for each in (model, restored):
        torch.manual_seed(0)
        spoken.append(each.convert_spectrogram_to_audio(spec=log_mel))
    assert torch.equal(*spoken)
    spectrum = magnitudes(spoken[0])[0].mean(dim=1)
    bin_width = RATE / N_FFT
    for tone in (440, 1250):
        nearest = int(tone / bin_width)
        assert spectrum[nearest - 1 : nearest + 3].max() > 10 * spectrum.median()


def test_stages_can_be_put_in_later(tmp_path):
    model = TwoStagesModel({})
    with pytest.raises(ConfigError, match="lacks a stage"):
        model.convert_spectrogram_to_audio(spec=torch.zeros(1, 40, 5))
    model.set_mel_to_spec_model(MelPsuedoInverseModel(MEL))
    model.set_linear_vocoder(GriffinLimModel(LINEAR))
    model.save_to(str(tmp_path / "stages.nemo"))
    restored = TwoStagesModel.restore_from(str(tmp_path / "stages.nemo"))
    assert restored.get_mel_to_spec_model().cfg.mel_freq == 40
    assert restored.get_linear_vocoder().cfg.n_iters == 40


def test_spectrograms_of_another_size_are_refused():
    with pytest.raises(ShapeError, match=r"expects \[B, D=40, F\]"):
        MelPsuedoInverseModel(MEL).convert_mel_spectrogram_to_linear(torch.zeros(1, 80, 5))
    with pytest.raises(ShapeError, match=r"expects \[B, N=129, F\]"):
        GriffinLimModel(LINEAR).convert_linear_spectrogram_to_audio(torch.zeros(1, 513, 5))
    with pytest.raises(ConfigError, match="momentum is 1.5"):
        GriffinLimModel({**LINEAR, "momentum": 1.5})
