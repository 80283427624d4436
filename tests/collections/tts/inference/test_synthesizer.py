"""Texts to audio: what is spoken is what the models give by themselves, joined."""

import numpy as np
import pytest
import torch

from nemo.collections.tts.inference import Synthesizer, load_acoustic_model, load_vocoder
from nemo.collections.tts.inference.mel_settings import check_same_mel
from nemo.collections.tts.models import MixerTTSModel, UnivNetModel
from nemo.utils.exceptions import ConfigError, NonFiniteError
from tests.collections.tts.inference.models import FRAMES, fastpitch, hifigan, tacotron2, vits
from tests.collections.tts.models.test_mixer_tts import hearing
from tests.collections.tts.models.test_univnet import CONFIG as UNIVNET
from tests.collections.tts.models.toy_albert import write_albert

HOP = 128


@pytest.fixture(scope="module")
def models():
    return fastpitch(pitch_mean=200.0, pitch_std=50.0), hifigan()


def test_it_says_what_the_two_models_say_one_after_the_other(models):
    model, vocoder = models
    spoken = Synthesizer(model, vocoder, pause_seconds=0.5).speak("Hello you. I see.")
    assert spoken.sentences == ["Hello you.", "I see."] and spoken.sample_rate == 8000
    parts = [
        vocoder.convert_spectrogram_to_audio(spec=model.generate_spectrogram(model.parse(sentence)))[0].numpy()
        for sentence in spoken.sentences
    ]
    assert len(parts[0]) == (len("Hello you.") + 2) * FRAMES * HOP  # spaces are added at both ends
    expected = np.concatenate([parts[0], np.zeros(4000), parts[1]])
    np.testing.assert_allclose(spoken.audio, expected, atol=1e-6)
    assert spoken.duration == len(expected) / 8000


def test_batches_of_sentences_have_the_lengths_and_nearly_the_sound_of_single_ones(models):
    texts = ["A b. Something longer than that!", "no", "Yes. Yes."]
    alone, together = (list(Synthesizer(*models, batch_size=size).speak_all(texts)) for size in (1, 4))
    for one, other in zip(alone, together, strict=True):
        assert one.text == other.text and one.audio.shape == other.audio.shape
        start = 2 * FRAMES * HOP
        np.testing.assert_allclose(one.audio[:start], other.audio[:start], atol=1e-5)


def test_pace_pitch_and_volume(models):
    speaker = Synthesizer(*models)
    plain, fast, loud, high = (speaker.speak("abc", **how) for how in ({}, {"pace": 2}, {"volume": 0.5}, {"pitch": 12}))
    assert len(fast.audio) * 2 == len(plain.audio)
    np.testing.assert_allclose(loud.audio, plain.audio / 2)
    assert len(high.audio) == len(plain.audio) and np.abs(high.audio - plain.audio).max() > 1e-6
    model = models[0]
    raised = model.fastpitch.infer(text=model.parse("abc"), pitch=torch.full((1, 5), 4.0))[0]  # 200 to 400 Hz: 4 x 50
    expected = models[1].convert_spectrogram_to_audio(spec=raised)[0]
    np.testing.assert_allclose(high.audio, expected.numpy(), atol=1e-6)


def test_griffin_lim_makes_audio_where_there_is_no_vocoder(models, caplog):
    spoken = Synthesizer(models[0]).speak("Hello")
    assert "No vocoder is given: Griffin-Lim" in caplog.text
    assert len(spoken.audio) == (7 * FRAMES - 1) * HOP and np.isfinite(spoken.audio).all()
    with pytest.raises(ConfigError, match="Griffin-Lim needs the logarithm of mel magnitudes"):
        Synthesizer(fastpitch(preprocessor={**models[0].cfg.preprocessor, "mag_power": 2.0}))


def test_tacotron_ends_each_text_where_it_says():
    model = tacotron2()
    steps = model.decoder.max_decoder_steps
    long, short = Synthesizer(model, hifigan(), batch_size=2).speak_all(["a long one", "b"])
    assert len(long.audio) == len(short.audio) == steps * HOP
    model.decoder.max_decoder_steps = 1
    with pytest.raises(NonFiniteError, match="'a' is spoken in no time"):  # Griffin-Lim has samples between frames only
        Synthesizer(model).speak("a")
    with pytest.raises(ConfigError, match="pace 2 and pitch 3 is asked for, and Tacotron2Model cannot"):
        Synthesizer(model, hifigan()).speak("a", pace=2, pitch=3)


def test_mixer_tts_hears_each_sentence_as_it_is_written(tmp_path):
    torch.manual_seed(0)
    model = MixerTTSModel(hearing(write_albert(tmp_path))).eval()
    torch.nn.init.constant_(model.duration_predictor.fc.bias, 1.5)
    speaker = Synthesizer(model, hifigan(), batch_size=2, pause_seconds=0)
    spoken, fast = speaker.speak("Ab cab. Dab a."), speaker.speak("Dab a.", pace=2)
    assert spoken.sentences == ["Ab cab.", "Dab a."]
    mels = [
        model.generate_spectrogram(raw_texts=[text], norm_text_for_lm_model=False, pace=pace)
        for text, pace in (("Ab cab.", 1), ("Dab a.", 1), ("Dab a.", 2))
    ]
    first, second, faster = (speaker.voice.vocoder.convert_spectrogram_to_audio(spec=mel)[0].numpy() for mel in mels)
    np.testing.assert_allclose(spoken.audio, np.concatenate([first, second]), atol=1e-6)
    np.testing.assert_allclose(fast.audio, faster, atol=1e-6)
    assert len(faster) < len(second)
    with pytest.raises(ConfigError, match="pitch 3 is asked for, and MixerTTSModel cannot"):
        speaker.speak("a", pitch=3)


def test_vits_needs_no_vocoder_and_its_texts_may_be_long():
    model = vits(n_speakers=2)
    torch.manual_seed(1)
    (one, other) = Synthesizer(model, batch_size=2).speak_all(["abc", "a"], speaker=[0, 1], pace=0.5)
    torch.manual_seed(1)
    tokens = torch.nn.utils.rnn.pad_sequence(
        [model.parse(text)[0] for text in ("abc", "a")], batch_first=True, padding_value=model.vocab.pad
    )
    audio, _, frames = model(tokens, torch.tensor([0, 1]), length_scale=2.0)
    np.testing.assert_allclose(one.audio, audio[0, 0, : frames[0] * 64].detach().numpy(), atol=1e-6)
    assert len(other.audio) == frames[1] * 64
    with pytest.raises(ConfigError, match="VitsModel makes audio itself, and a vocoder is given"):
        Synthesizer(model, hifigan())
    long = Synthesizer(model, longest_sentence=10**6).speak("ab " * 50, speaker=0, pace=0.05)
    assert len(long.audio) > 1000 * 64  # the network's own limit of 1000 frames is for users who call it themselves


def test_voices_of_texts():
    model = fastpitch(n_speakers=3)
    speaker = Synthesizer(model, hifigan())
    first, second = speaker.speak_all(["ab", "ab"], speaker=[0, 2])
    assert np.abs(first.audio - second.audio).max() > 1e-6
    np.testing.assert_array_equal(second.audio, speaker.speak("ab", speaker=2).audio)
    with pytest.raises(ConfigError, match="speaker is missing, and the model has 3 voices. Give 0 to 2"):
        speaker.speak("ab")
    for wrong in (3, -1):
        with pytest.raises(ConfigError, match=f"speaker is {wrong}, and the model has 3 voices"):
            speaker.speak("ab", speaker=wrong)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"pace": 0}, "pace is 0. Expected a number above 0"),
        ({"pace": float("nan")}, "pace is nan"),
        ({"pace": -1.0}, "pace is -1.0"),
        ({"pitch": float("inf")}, "pitch is inf semitones"),
        ({"volume": -0.1}, "volume is -0.1. Expected 0 or more"),
        ({"speaker": 1}, "speaker is 1, and the model has one voice"),
    ],
)
def test_what_cannot_be_spoken_with_is_named(models, asked, message):
    with pytest.raises(ConfigError, match=message):
        Synthesizer(*models).speak("abc", **asked)


def test_texts_that_cannot_be_spoken_are_named(models):
    speaker = Synthesizer(*models)
    for text in ("", "  ", "日本"):
        with pytest.raises(ConfigError, match=f"The text '{text}' has nothing that can be spoken"):
            speaker.speak(text)
    with pytest.raises(NonFiniteError, match="'abc' is spoken in no time.*pace 100.0 is too high"):
        speaker.speak("abc", pace=100.0)
    with pytest.raises(ConfigError, match="batch_size is 0"):
        Synthesizer(*models, batch_size=0)
    with pytest.raises(ConfigError, match="model.pitch_mean is None"):
        Synthesizer(fastpitch(pitch_mean=None), models[1]).speak("a", pitch=1)
    broken = fastpitch()
    broken.fastpitch.proj.bias.data.fill_(torch.nan)
    with pytest.raises(NonFiniteError, match="'abc' gives audio that is not finite"):
        Synthesizer(broken, models[1]).speak("abc")


def test_a_vocoder_of_other_spectrograms_is_refused_with_both_values(models):
    model, _ = models
    with pytest.raises(
        ConfigError,
        match="FastPitchModel and UnivNetModel have different spectrograms: sample_rate is 8000 and .*features is 8",
    ):
        Synthesizer(model, UnivNetModel(UNIVNET))
    with pytest.raises(ConfigError, match="spectrograms: highfreq is 4000.0 and 3000. Expected a vocoder trained"):
        Synthesizer(model, hifigan(highfreq=3000))
    check_same_mel(model, hifigan(highfreq=4000, log_zero_guard_type="add", pad_to=16, exact_pad=False))


def test_models_are_loaded_by_path_and_the_wrong_kind_is_named(models, tmp_path):
    paths = [str(tmp_path / name) for name in ("f.nemo", "h.nemo")]
    for model, path in zip(models, paths, strict=True):
        model.save_to(path)
    spoken = Synthesizer(load_acoustic_model(paths[0]), load_vocoder(paths[1])).speak("abc")
    np.testing.assert_allclose(spoken.audio, Synthesizer(*models).speak("abc").audio, atol=1e-6)
    with pytest.raises(
        ConfigError, match="h.nemo is a HifiGanModel. Expected a model that reads texts.*as the vocoder"
    ):
        load_acoustic_model(paths[1])
    with pytest.raises(ConfigError, match="f.nemo is a FastPitchModel. Expected a vocoder"):
        load_vocoder(paths[0])
    with pytest.raises(FileNotFoundError, match="nix.nemo"):
        load_vocoder("nix.nemo")
