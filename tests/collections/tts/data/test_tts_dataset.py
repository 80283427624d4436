"""Recordings with texts: batches, features, caches, and what is said about bad lines."""

import json
import os

import numpy as np
import pytest
import soundfile
import torch

from nemo.collections.common.exceptions import AudioFileError, ManifestError
from nemo.collections.tts.data.loader import build_loader
from nemo.collections.tts.data.tts_dataset import TTSDataset
from nemo.collections.tts.text.chars_tokenizers import EnglishCharsTokenizer
from nemo.utils.exceptions import ConfigError
from tests.collections.tts.data.voices import PITCHES, SAMPLE_RATE, SECONDS_A_LETTER, spoken, write_voice

ALL_KINDS = ["log_mel", "align_prior_matrix", "pitch", "energy", "speaker_id", "voiced_mask", "p_voiced"]
SIZES = {"n_fft": 256, "hop_length": 64, "n_mels": 8}


def voices(manifest, **options):
    tokenizer = EnglishCharsTokenizer(pad_with_space=True)
    return TTSDataset(
        **{"manifest_filepath": manifest, "sample_rate": SAMPLE_RATE, "text_tokenizer": tokenizer, **SIZES, **options}
    )


def write_lines(folder, *lines):
    path = folder / "bad.json"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return str(path)


def test_a_batch_has_what_was_asked_for_padded_at_the_end(tmp_path):
    data = voices(write_voice(tmp_path, speaker=[0, 1, 0, 1]), sup_data_types=ALL_KINDS, pad_multiple=64)
    batch = data.collate_fn([data[0], data[1]])
    frames = [int(n) // 64 + 1 for n in batch["audio_lens"]]
    assert batch["audio"].shape[1] % 64 == 0
    assert batch["text"].tolist()[1][-1] == data.text_tokenizer.pad
    assert batch["text_lens"].tolist() == [6, 5]
    assert batch["pitch_lens"].tolist() == batch["energy_lens"].tolist() == batch["log_mel_lens"].tolist() == frames
    assert batch["log_mel"].shape == (2, 8, frames[0])
    assert batch["align_prior_matrix"].shape == (2, frames[0], 6)
    assert batch["speaker_id"].tolist() == [0, 1]
    torch.testing.assert_close(batch["align_prior_matrix"][1, : frames[1]].sum(1), torch.ones(frames[1]))
    assert not batch["align_prior_matrix"][1, frames[1] :].any()
    samples = int(batch["audio_lens"][1])
    np.testing.assert_allclose(batch["audio"][1, :samples], spoken(" bcc "), atol=2**-15)


def test_pitch_is_that_of_the_letters(tmp_path):
    pitch = voices(write_voice(tmp_path), sup_data_types=["pitch"])[0]["pitch"]
    for place, letter in enumerate(" abab "):
        middle = int((place + 0.5) * SECONDS_A_LETTER * SAMPLE_RATE / 64)
        assert float(pitch[middle]) == pytest.approx(PITCHES[letter], rel=0.01)


def test_normalised_pitch_counts_deviations_and_leaves_silence(tmp_path):
    plain = write_voice(tmp_path, speaker=[0, 1, 0, 1])
    raw = voices(plain, sup_data_types=["pitch"])[1]["pitch"]
    (tmp_path / "stats.json").write_text(
        json.dumps({"1": {"pitch_mean": 250, "pitch_std": 50}, "default": {"pitch_mean": 0, "pitch_std": 1}})
    )
    for options in ({"pitch_mean": 250.0, "pitch_std": 50.0}, {"pitch_stats_path": str(tmp_path / "stats.json")}):
        found = voices(plain, sup_data_types=["pitch"], pitch_norm=True, **options)[1]["pitch"]
        torch.testing.assert_close(found, torch.where(raw > 0, (raw - 250) / 50, raw))
    with pytest.raises(ConfigError, match="pitch_mean is None"):
        voices(plain, sup_data_types=["pitch"], pitch_norm=True)


def test_energy_is_the_norm_of_the_magnitudes(tmp_path):
    data = voices(write_voice(tmp_path), sup_data_types=["energy"])
    sample = data[0]
    spectrum = torch.stft(sample["audio"], 256, 64, window=torch.hann_window(256, periodic=False), return_complex=True)
    torch.testing.assert_close(sample["energy"], spectrum.abs().square().sum(0).sqrt(), rtol=1e-4, atol=1e-4)


def test_features_are_kept_by_their_parameters_and_made_again_for_another_recording(tmp_path):
    manifest, kept = write_voice(tmp_path), tmp_path / "features"
    first = voices(manifest, sup_data_types=["pitch", "energy"], sup_data_path=str(kept))
    list(first.prepared(verbose=False))
    files = sorted(kept.rglob("*.npz"))
    assert len(files) == 2 * len(first)
    times = [os.stat(path).st_mtime_ns for path in files]
    again = voices(manifest, sup_data_types=["pitch", "energy"], sup_data_path=str(kept))
    torch.testing.assert_close(again[0]["pitch"], first[0]["pitch"])
    assert [os.stat(path).st_mtime_ns for path in files] == times
    lower = voices(manifest, sup_data_types=["pitch"], sup_data_path=str(kept), pitch_fmax=180.0)
    assert lower[1]["pitch"].max() < 180.1
    assert len(list(kept.rglob("*.npz"))) == len(files) + 1
    soundfile.write(tmp_path / "0.wav", spoken(" cccc "), SAMPLE_RATE)
    assert float(again[0]["pitch"].max()) == pytest.approx(300, rel=0.01)
    files[0].write_bytes(b"not an array")
    assert len(again[0]["energy"]) == len(first[0]["energy"])


def test_reference_audio_is_of_the_same_voice_and_another_recording(tmp_path):
    data = voices(write_voice(tmp_path, speaker=[0, 1, 0, 1]), sup_data_types=["reference_audio"])
    torch.testing.assert_close(data[0]["reference_audio"], data.audio(2))
    torch.testing.assert_close(data[3]["reference_audio"], data.audio(1))
    assert data.collate_fn([data[0]])["reference_audio_lens"].tolist() == [len(data.audio(2))]


def test_reference_audio_may_be_the_recording_itself(tmp_path):
    kinds = {"sup_data_types": ["reference_audio"]}
    data = voices(write_voice(tmp_path), reference_audio_type="ground-truth", **kinds)
    assert all(torch.equal(sample["reference_audio"], sample["audio"]) for sample in (data[0], data[1]))
    with pytest.raises(ConfigError, match="reference_audio_type is 'other'. Expected same-speaker or ground-truth"):
        voices(write_voice(tmp_path), reference_audio_type="other", **kinds)


def test_durations_must_fit_text_and_audio(tmp_path):
    manifest = write_voice(tmp_path, ["ab"])
    frames = len(spoken(" ab ")) // 64 + 1
    torch.save({"0": torch.tensor([15, 15, 15, frames - 45])}, tmp_path / "durs.pt")
    data = voices(manifest, sup_data_types=["durations"], durs_file=str(tmp_path / "durs.pt"))
    assert data[0]["durations"].tolist() == [15, 15, 15, frames - 45]
    np.savez(tmp_path / "durs.npz", **{"0": np.array([15, 15, 30])})
    data = voices(manifest, sup_data_types=["durations"], durs_file=str(tmp_path / "durs.npz"))
    with pytest.raises(ManifestError, match=r"manifest.json line 1: .* has 3 durations of 0, together 60 frames"):
        data[0]


def test_texts_come_normalised_from_the_manifest_or_else_from_the_normalizer(tmp_path):
    manifest = write_voice(tmp_path, ["abab", "bcc"], normalized_text=["ba", ""])
    seen = []

    def normalizer(text, **arguments):
        seen.append((text, arguments))
        return text.replace("b", "a")

    data = voices(manifest, text_normalizer=normalizer, text_normalizer_call_kwargs={"verbose": False})
    assert [utterance.text for utterance in data.data] == ["ba", "acc"]
    assert seen == [("bcc", {"verbose": False})]


def test_the_models_normalizer_goes_to_datasets_that_take_one(tmp_path):
    section = {
        "dataset": {
            "_target_": "nemo.collections.tts.data.dataset.TTSDataset",
            "manifest_filepath": write_voice(tmp_path),
            "sample_rate": SAMPLE_RATE,
        }
    }
    arguments = {"text_tokenizer": EnglishCharsTokenizer(), "text_normalizer": lambda text: "ab"}
    loader = build_loader(section, "train_ds", shuffle=False, **arguments)
    assert {utterance.text for utterance in loader.dataset.data} == {"ab"}


def test_recordings_are_left_out_by_length_and_by_name(tmp_path):
    manifest = write_voice(tmp_path)
    (tmp_path / "ignored.txt").write_text("1\n")
    data = voices(manifest, ignore_file=str(tmp_path / "ignored.txt"), max_duration=5.5 * SECONDS_A_LETTER)
    assert [utterance.text for utterance in data.data] == ["cab", "aab"]
    with pytest.raises(ManifestError, match="None of 4 recordings remains"):
        voices(manifest, min_duration=100.0)
    with pytest.raises(ConfigError, match=r"ignore_file .*absent.txt cannot be read"):
        voices(manifest, ignore_file=str(tmp_path / "absent.txt"))


def test_silence_at_both_ends_is_cut(tmp_path):
    manifest = write_voice(tmp_path)
    data = voices(manifest, trim=True, trim_top_db=30, trim_frame_length=256, trim_hop_length=64)
    assert len(data[0]["audio"]) == pytest.approx(4 * SECONDS_A_LETTER * SAMPLE_RATE, abs=400)
    soundfile.write(tmp_path / "0.wav", np.zeros(8000), SAMPLE_RATE)
    with pytest.raises(AudioFileError, match=r"manifest.json line 1: all of the recording is silence"):
        voices(manifest, trim=True, trim_ref=1.0)[0]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"duration": 1.0, "text": "a"}, r'bad.json line 2 has no "audio_filepath"'),
        ({"audio_filepath": "0.wav"}, r'bad.json line 2: "text" is missing or empty'),
        ({"audio_filepath": "0.wav", "text": " "}, r'bad.json line 2: "text" is missing or empty'),
        ({"audio_filepath": "0.wav", "text": "a", "normalized_text": 3}, r'line 2: "normalized_text" is 3'),
        ({"audio_filepath": ["0.wav", "1.wav"], "text": "a"}, r'line 2: "audio_filepath" is a list of 2'),
        ({"audio_filepath": "0.wav", "text": "a"}, r'bad.json line 2 has no "speaker"'),
        ({"audio_filepath": "0.wav", "text": "a", "speaker": "ann"}, "line 2: .* is 'ann'. Expected the number"),
        ({"audio_filepath": "0.wav", "text": "a", "speaker": -1}, r'line 2: "speaker" is -1'),
    ],
)  # fmt: skip
def test_bad_lines_are_named(tmp_path, line, message):
    write_voice(tmp_path)
    good = {"audio_filepath": "0.wav", "text": "abab", "speaker": 0}
    with pytest.raises(ManifestError, match=message):
        voices(write_lines(tmp_path, good, line), sup_data_types=["speaker_id"])


def test_a_text_without_tokens_is_named(tmp_path):
    write_voice(tmp_path)
    manifest = write_lines(tmp_path, {"audio_filepath": "0.wav", "text": "日本"})
    with pytest.raises(ManifestError, match=r"bad.json line 1: nothing of the text '日本' has a token"):
        voices(manifest, text_tokenizer=EnglishCharsTokenizer())
    with pytest.raises(ManifestError, match=r"bad.json line 1: nothing of the text '日本' has a token"):
        voices(manifest)  # spaces around it are tokens


def test_a_missing_recording_and_one_too_short_for_its_text_are_named_when_they_are_read(tmp_path):
    write_voice(tmp_path)
    manifest = write_lines(
        tmp_path, {"audio_filepath": "absent.wav", "text": "ab"}, {"audio_filepath": "0.wav", "text": "ab" * 100}
    )
    data = voices(manifest)
    with pytest.raises(AudioFileError, match=r"bad.json line 1: .*absent.wav does not exist"):
        data[0]
    with pytest.raises(AudioFileError, match=r"bad.json line 2: the text has 202 tokens and .*0.wav only 91 frames"):
        data[1]


def test_voices_that_the_model_does_not_have_are_named(tmp_path):
    data = voices(write_voice(tmp_path, speaker=[0, 1, 2, 1]), sup_data_types=["speaker_id"])
    data.check_speakers(3)
    with pytest.raises(ManifestError, match=r'line 3: "speaker" is 2, and the model has 2 voices'):
        data.check_speakers(2)


def test_an_unknown_kind_gets_a_hint(tmp_path):
    with pytest.raises(ConfigError, match=r"'piitch'.*Did you mean pitch\?"):
        voices(write_voice(tmp_path), sup_data_types=["piitch"])


def test_a_run_that_stops_goes_on_with_the_same_batches(tmp_path):
    section = {
        "dataset": {
            "_target_": "nemo.collections.tts.data.dataset.TTSDataset",
            "manifest_filepath": write_voice(
                tmp_path, ["abab", "bcc", "cab", "aab", "cc", "aba"], speaker=[0, 0, 0, 1, 1, 1]
            ),
            "sample_rate": SAMPLE_RATE,
            "sup_data_types": ["reference_audio", "speaker_id"],
        },
        "dataloader_params": {"batch_size": 2},
    }
    tokenizer = EnglishCharsTokenizer()

    def loader():
        return build_loader(section, "train_ds", shuffle=True, n_speakers=2, text_tokenizer=tokenizer)

    uninterrupted = loader()
    whole = [*uninterrupted, *uninterrupted]
    stopped = loader()
    iterator = iter(stopped)
    next(iterator)
    state = stopped.state_dict()
    resumed = loader()
    resumed.load_state_dict(state)
    rest = [*resumed, *resumed]
    assert len(rest) == len(whole) - 1 == 5
    for ours, theirs in zip(rest, whole[1:], strict=True):
        torch.testing.assert_close(ours, theirs)
    assert not torch.equal(whole[0]["text"], whole[3]["text"]) or not torch.equal(whole[1]["text"], whole[4]["text"])
