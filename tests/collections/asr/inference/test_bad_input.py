"""What is wrong with recordings is said of each, whatever the model; the others are done, and nothing is lost."""

import json
import math
import re

import numpy as np
import pytest
import soundfile
import torch

from nemo.collections.asr import models
from nemo.collections.asr.inference import BufferedStream
from nemo.collections.asr.inference.vad import VADConfig, detect_speech, speech_probabilities
from nemo.collections.common.exceptions import ManifestError
from nemo.utils.exceptions import ConfigError
from tests.collections.asr.models import tiny, tiny_attention, tiny_classifier, tiny_rnnt

NEWEST = {"nemo_version": "3.0.0"}  # before 2.5 the edge of a recording mirrors its padding

RECOGNISERS = {
    "ctc": lambda folder: models.EncDecCTCModel(tiny.config(**NEWEST)),
    "rnnt": lambda folder: models.EncDecRNNTModel(tiny_rnnt.config(**NEWEST)),
    "tdt": lambda folder: models.EncDecRNNTModel(tiny_rnnt.config("tdt", **NEWEST)),
    "multiblank": lambda folder: models.EncDecRNNTModel(tiny_rnnt.config("multiblank", **NEWEST)),
    "hybrid": lambda folder: models.EncDecHybridRNNTCTCModel(tiny_rnnt.hybrid(**NEWEST)),
    "canary": lambda folder: models.EncDecMultiTaskModel(tiny_attention.canary(folder / "canary")),
    "transformer": lambda folder: models.EncDecTransfModelBPE(tiny_attention.plain(folder / "plain")),
}
REGRESSION = {"_target_": f"{tiny.MODULES}.ConvASRDecoderClassification", "num_classes": 1, "return_logits": True}
CLASSIFIERS = {
    "classes": lambda: models.EncDecClassificationModel(tiny_classifier.config()),
    "frames": lambda: models.EncDecFrameClassificationModel(tiny_classifier.config(tiny_classifier.FRAME_DECODER)),
    "numbers": lambda: models.EncDecRegressionModel(
        tiny_classifier.config(REGRESSION, labels=None, is_regression_task=True)
    ),
}
TONE = tiny.signal(0.5)


def write(path, samples, rate=tiny.SAMPLE_RATE, subtype=None):
    soundfile.write(path, samples, rate, subtype=subtype)
    return str(path)


def unusual(folder):
    """Recordings of every kind that a model takes."""
    return [
        write(folder / "8k.wav", TONE[::2], 8000),
        write(folder / "44k.wav", np.repeat(TONE, 3), 44100),
        write(folder / "8bit.wav", TONE, subtype="PCM_U8"),
        write(folder / "24bit.wav", TONE, subtype="PCM_24"),
        write(folder / "float.wav", TONE, subtype="FLOAT"),
        write(folder / "silence.wav", np.zeros(8000)),
        write(folder / "10ms.wav", TONE[:160]),
        write(folder / "1ms.wav", TONE[:16]),
        write(folder / "one_sample.wav", TONE[:1]),
        TONE.astype(np.float64),
        (TONE * 32768).astype(np.int16),
        torch.from_numpy(TONE).bfloat16(),
    ]


def faulty(folder):
    """Recordings that no model can take, and a word of what is said of each."""
    (folder / "empty.wav").touch()
    (folder / "text.wav").write_text("no audio")
    return {
        write(folder / "stereo.wav", np.stack((TONE, TONE), 1)): "2 channels.*channel_selector",
        write(folder / "nan.wav", np.full(800, np.nan), subtype="FLOAT"): "800 samples that are NaN",
        write(folder / "none.wav", np.zeros(0)): "holds no samples",
        str(folder / "empty.wav"): "0 bytes",
        str(folder / "text.wav"): "is not audio that can be read",
        str(folder / "missing.wav"): "does not exist",
        str(folder): "is a folder",
        "": "The empty path does not exist",
    }


ARRAYS = {
    "NaN": np.full(800, np.nan, np.float32),
    "no samples": np.zeros(0, np.float32),
    r"shape \[2, 3, 4\]": np.zeros((2, 3, 4), np.float32),
    "type complex64": np.zeros(800, np.complex64),
    "type bool": np.zeros(800, bool),
    "type <U1": np.array(["a"]),
}


@pytest.mark.parametrize("kind", RECOGNISERS)
def test_a_recogniser_says_what_is_wrong_and_transcribes_the_others(kind, tmp_path):
    torch.manual_seed(0)
    model = RECOGNISERS[kind](tmp_path)
    good, bad = unusual(tmp_path), faulty(tmp_path)
    results = model.transcribe([good[0], *bad, *good[1:], *ARRAYS.values()], batch_size=5, verbose=False)
    kept = [results[0], *results[len(bad) + 1 : len(bad) + len(good)]]
    assert all(result.error is None and math.isfinite(float(result.score)) for result in kept)
    assert [str(result) for result in kept] == [str(model.transcribe([each], verbose=False)[0]) for each in good]
    refused = results[1 : len(bad) + 1] + results[len(bad) + len(good) :]
    for result, reason in zip(refused, [*bad.values(), *ARRAYS], strict=True):
        assert result == ""
        assert re.search(reason, result.error), result.error


@pytest.mark.parametrize("kind", CLASSIFIERS)
def test_a_classifier_leaves_out_what_it_cannot_read_and_does_the_others(kind, tmp_path, caplog):
    torch.manual_seed(0)
    model = CLASSIFIERS[kind]()
    good, bad = unusual(tmp_path), faulty(tmp_path)
    results = model.transcribe([good[0], *bad, *good[1:], *ARRAYS.values()], batch_size=5, verbose=False)
    kept = [results[0], *results[len(bad) + 1 : len(bad) + len(good)]]
    refused = results[1 : len(bad) + 1] + results[len(bad) + len(good) :]
    alone = [model.transcribe([each], verbose=False)[0] for each in good]
    if kind == "numbers":
        assert kept == pytest.approx(alone, abs=1e-5)
        assert all(math.isnan(result) for result in refused)
    else:
        assert [result.tolist() for result in kept] == [result.tolist() for result in alone]
        assert [len(result) for result in refused] == [0] * len(refused)
        logits = model.transcribe([next(iter(bad))], logprobs=True, verbose=False)
        assert logits[0].size == 0
    said = [record.getMessage() for record in caplog.records if "was left out" in record.getMessage()]
    assert all(any(re.search(reason, message) for message in said) for reason in [*bad.values(), *ARRAYS])


def test_classify_tells_the_error_of_each_recording(tmp_path):
    model = CLASSIFIERS["classes"]()
    missing, good = model.classify([str(tmp_path / "missing.wav"), TONE], verbose=False)
    assert (missing.label, missing.probabilities) == ("", {}) and "does not exist" in str(missing)
    assert good.error is None and good.label in tiny_classifier.CLASSES


@pytest.mark.parametrize("kind", ["classes", "frames"])
def test_speech_is_found_in_the_recordings_that_can_be_read(kind, tmp_path, caplog):
    model = CLASSIFIERS[kind]()
    model._replace_sections(labels=["silence", "speech", "other"])
    audio = [str(tmp_path / "missing.wav"), TONE, TONE[:1], np.zeros(8000, np.float32)]
    config = VADConfig(shift_length_in_sec=0.1)
    lengths = [len(probabilities) for probabilities in speech_probabilities(model, audio, config)]
    assert lengths == ([0, 5, 1, 5] if kind == "classes" else [0, 25, 0, 25])
    assert detect_speech(model, audio, config)[0] == []
    assert "missing.wav was left out" in caplog.records[0].getMessage()


@pytest.mark.parametrize("kind", [*RECOGNISERS, *CLASSIFIERS])
def test_what_is_no_audio_and_no_batch_is_refused(kind, tmp_path):
    model = RECOGNISERS[kind](tmp_path) if kind in RECOGNISERS else CLASSIFIERS[kind]()
    assert model.transcribe([], verbose=False) == []
    for audio, message in ((3, "audio of type int"), ([None], r"audio\[0\] of type NoneType"), ([[0.1]], "type list")):
        with pytest.raises(ConfigError, match=message):
            model.transcribe(audio, verbose=False)
    for size in (0, -1, 2.5, True, "4"):
        with pytest.raises(ConfigError, match=f"batch_size is {size!r}. Expected a whole number"):
            model.transcribe([TONE], batch_size=size, verbose=False)
    for name, content, message in (
        ("empty.json", "\n", "empty.json has no line"),
        ("broken.json", '{"audio_filepath": "a.wav"}\n{oh', "line 2 is not JSON"),
        ("other.json", '{"path": "a.wav"}', "line 1 has no \"audio_filepath\"; it has 'path'"),
    ):
        (tmp_path / name).write_text(content)
        with pytest.raises(ManifestError, match=message):
            model.transcribe(str(tmp_path / name), verbose=False)
    with pytest.raises(ManifestError, match=r"nowhere\.json does not exist"):
        model.transcribe("nowhere.json", verbose=False)


@pytest.mark.parametrize("kind", ["ctc", "rnnt"])
def test_a_stream_refuses_what_is_no_chunk_and_goes_on(kind, tmp_path):
    model = RECOGNISERS[kind](tmp_path)
    streams = [BufferedStream(model, chunk_seconds=0.2, left_seconds=0.2, right_seconds=0.1) for _ in range(2)]
    for chunk in (TONE[:5000], TONE[5000:]):
        for wrong in ("text", None, [0.1], np.full(9, np.nan, np.float32), np.zeros((9, 2), np.float32)):
            with pytest.raises(ValueError, match="the chunk"):
                streams[0].feed(wrong)
        texts = [stream.feed(chunk) for stream in streams]
        assert texts[0] == texts[1]
    assert streams[0].finish() == streams[1].finish()


def test_unsigned_samples_have_their_zero_in_the_middle(tmp_path):
    model = RECOGNISERS["ctc"](tmp_path)
    eight_bits = (np.round(TONE * 127) + 128).astype(np.uint8)
    log_probs = [model.transcribe([each], logprobs=True, verbose=False)[0] for each in (eight_bits, TONE)]
    assert np.abs(log_probs[0] - log_probs[1]).mean() < 0.05  # what eight bits lose


SLOW_RATE = 100
"""Hz: three hours of it are a million samples."""


def test_three_hours_go_by_chunks_and_give_what_one_piece_gives(tmp_path):
    torch.manual_seed(0)
    config = tiny.config(**NEWEST, sample_rate=SLOW_RATE)
    config["preprocessor"] |= {
        "sample_rate": SLOW_RATE, "features": 8, "window_size": 0.5, "window_stride": 0.25, "n_fft": 64, "pad_to": 0,
    }  # fmt: skip
    config["encoder"] |= {"feat_in": 8}
    model = models.EncDecCTCModel(config)
    seconds = 3 * 3600
    noise = np.random.default_rng(0).standard_normal(seconds * SLOW_RATE) * 0.1
    path = write(tmp_path / "long.wav", noise, SLOW_RATE)
    (whole,) = model.transcribe(path, timestamps=True, verbose=False, max_seconds=math.inf)
    (joined,) = model.transcribe(path, timestamps=True, verbose=False, max_seconds=600)
    assert whole.length == seconds * 2 and whole.duration == seconds
    assert (joined.text, joined.timestamp) == (whole.text, whole.timestamp)
    assert seconds - 10 < joined.timestamp["char"][-1]["end"] <= seconds


def test_a_language_that_the_model_does_not_have_names_the_line(tmp_path):
    model = RECOGNISERS["canary"](tmp_path)
    path = write(tmp_path / "tone.wav", TONE)
    lines = [{"audio_filepath": path, "duration": 0.5, "source_lang": language} for language in ("en", "xx")]
    manifest = tmp_path / "languages.json"
    manifest.write_text("\n".join(map(json.dumps, lines)))
    with pytest.raises(ManifestError, match=r"languages\.json line 2: '<\|xx\|>' is no control token"):
        model.transcribe(str(manifest), verbose=False)
    with pytest.raises(ConfigError, match=r"'<\|xx\|>' is no control token"):
        model.transcribe(path, source_lang="xx", verbose=False)
