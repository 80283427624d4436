import json

import numpy as np
import pytest
import soundfile

from examples.demo import spoken_sentences
from examples.demo.spoken_sentences import WAYS, bootstrap_range, print_scores, score, speak
from nemo.collections.tts.models import FastPitchModel, HifiGanModel
from tests.collections.tts.models import test_fastpitch, test_hifigan


@pytest.fixture
def spoken(tmp_path):
    """Manifests of all ways, by models that have learnt nothing."""
    mel = {"sample_rate": 16000, "n_window_stride": 64, "features": 16}
    preprocessor = {**test_fastpitch.CONFIG["preprocessor"], **mel}
    aligner = {**test_fastpitch.CONFIG["alignment_module"], "n_mel_channels": 16}
    voice = FastPitchModel({**test_fastpitch.CONFIG, "preprocessor": preprocessor, "alignment_module": aligner})
    voice.fastpitch.duration_predictor.fc.bias.data.fill_(1.5)
    vocoder = {**test_hifigan.PREPROCESSOR, "highfreq": None}
    voice.save_to(str(tmp_path / "voice.nemo"))
    HifiGanModel({**test_hifigan.CONFIG, "preprocessor": vocoder}).save_to(str(tmp_path / "vocoder.nemo"))
    lines = []
    for number, text in enumerate(("one", "and two")):
        samples = 0.1 * np.sin(np.arange(8000) * 0.1 * (number + 1))
        soundfile.write(tmp_path / f"{number}.wav", samples, 16000)
        lines.append({"audio_filepath": str(tmp_path / f"{number}.wav"), "duration": 0.5, "text": text})
    (tmp_path / "dev.json").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return speak(tmp_path / "voice.nemo", tmp_path / "vocoder.nemo", tmp_path / "dev.json", tmp_path / "spoken")


def test_every_sentence_is_spoken_in_every_way(spoken):
    assert list(spoken) == list(WAYS)
    for name, manifest in spoken.items():
        lines = [json.loads(line) for line in manifest.read_text().splitlines()]
        assert [line["text"] for line in lines] == ["one", "and two"]
        for line in lines:
            assert soundfile.info(line["audio_filepath"]).duration == pytest.approx(line["duration"], abs=1e-3)
            if name in ("griffin_lim", "hifigan"):
                assert line["duration"] == pytest.approx(0.5, abs=0.01)


def test_errors_are_counted_over_all_sentences(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(spoken_sentences, "transcribe_manifest", lambda archive, manifest: (
        ["abcd", "ab", "abcdef"], ["abcd", "xb", "abcxxx"]
    ))  # fmt: skip
    scores = score(tmp_path / "a.nemo", dict.fromkeys(WAYS, tmp_path))
    assert scores["hifigan"]["cer"] == pytest.approx(4 / 12)
    assert scores["hifigan"]["range"][0] < 4 / 12 < scores["hifigan"]["range"][1]
    assert scores["hifigan"]["wer"] == pytest.approx(2 / 3)
    print_scores(scores)
    assert "text, FastPitch, HiFi-GAN                  33.3%" in capsys.readouterr().out


def test_the_range_is_that_of_a_normal_distribution_where_there_are_many_sentences():
    errors = np.random.default_rng(1).poisson(3, 400)
    low, high = bootstrap_range(errors.tolist(), [10] * 400)
    width = 2 * 1.645 * errors.std() / 400**0.5 / 10
    assert high - low == pytest.approx(width, rel=0.05)
    assert bootstrap_range([0, 0], [3, 4]) == (0.0, 0.0)
