import json

import numpy as np
import pytest
import soundfile
import torch

from nemo.collections.asr.models import EncDecFrameClassificationModel
from nemo.collections.asr.models.frame_classification import labels_of_frames
from nemo.utils.exceptions import ConfigError
from tests.collections.asr.models import tiny, tiny_classifier
from tests.collections.asr.models.test_ctc import trainer

CLASSES = ["0", "1"]


def model_of(fitting=None, **more):
    more = {"labels": CLASSES, "decoder": tiny_classifier.FRAME_DECODER} | more
    return EncDecFrameClassificationModel(cfg=tiny_classifier.config(**more), trainer=fitting)


def half_silent(seconds, speech_from, speech_to):
    samples = tiny.signal(seconds, 800.0) * 0.0
    tone = slice(round(speech_from * tiny.SAMPLE_RATE), round(speech_to * tiny.SAMPLE_RATE))
    samples[tone] = tiny.signal(seconds, 800.0)[tone]
    return samples


def manifest_of(folder):
    """Labels of 20 ms, which is what two feature frames of the encoder are."""
    lines = []
    for index, (seconds, start, stop) in enumerate([(0.8, 0.2, 0.6), (0.6, 0.0, 0.3), (0.8, 0.4, 0.8)]):
        path = folder / f"{index}.wav"
        soundfile.write(path, half_silent(seconds, start, stop), tiny.SAMPLE_RATE)
        labels = " ".join(str(int(start <= 0.02 * i + 0.01 < stop)) for i in range(round(seconds / 0.02)))
        lines.append({"audio_filepath": str(path), "duration": seconds, "label": labels})
    (folder / "m.json").write_text("\n".join(map(json.dumps, lines)))
    return [line["audio_filepath"] for line in lines], str(folder / "m.json")


def test_a_padded_batch_gives_what_each_recording_gives_alone():
    model = model_of().eval()
    audio, lengths = tiny_classifier.signals()
    together, frames = model.frame_logits(audio, lengths)
    alone, _ = model.frame_logits(audio[1:, :4000], lengths[1:])
    assert frames.tolist() == [20, 13] and [len(row) for row in model.outputs_of_batch(audio, lengths)] == [20, 13]
    assert torch.allclose(together[1, :13], alone[0, :13], atol=1e-5)


def test_training_finds_the_tone_and_reports_accuracies(tmp_path):
    paths, manifest = manifest_of(tmp_path)
    section = tiny_classifier.dataset(manifest)
    fitting = trainer(max_steps=60)
    model = model_of(fitting, train_ds=section, validation_ds=section, loss={"weight": [1.0, 2.0]})
    before = fitting.validate(model, verbose=False)[0]
    fitting.fit(model)
    after = fitting.validate(model, verbose=False)[0]
    assert after["val_loss"] < 0.7 * before["val_loss"] and after["val_acc_macro"] > 0.9
    first = model.transcribe(paths, verbose=False)[0]
    assert first[[15, 20, 25]].tolist() == [1, 1, 1] and first[[3, 36]].tolist() == [0, 0]
    model.save_to(str(tmp_path / "m.nemo"))
    again = EncDecFrameClassificationModel.restore_from(str(tmp_path / "m.nemo"))
    assert again.loss.weight.tolist() == [1.0, 2.0]
    for ours, theirs in zip(again.transcribe(paths, logprobs=True, verbose=False),
                            model.transcribe(paths, logprobs=True, verbose=False), strict=True):  # fmt: skip
        np.testing.assert_array_equal(ours, theirs)


def test_loss_counts_valid_frames_only():
    model = model_of().eval()
    audio, lengths = tiny_classifier.signals()
    batch = audio, lengths, torch.ones(2, 20, dtype=torch.long), torch.tensor([20, 12])
    loss, logits, labels = model._loss(batch)
    assert logits.shape == (33, 2) and labels.tolist() == [1] * 33
    assert loss.item() == pytest.approx(torch.nn.functional.cross_entropy(logits, labels).item(), rel=1e-5)


@pytest.mark.parametrize(
    ("labels", "frames", "expected"),
    [
        ([0, 1, 1, 0], 4, [0, 1, 1, 0]),
        ([0, 1], 4, [0, 0, 1, 1]),
        ([0, 0, 1, 0, 0, 0], 3, [0, 1, 0]),  # a frame of two labels is speech if one is
        ([0, 0, 0, 1], 3, [0, 0, 1]),
        ([1], 3, [1, 1, 1]),
    ],
)
def test_labels_are_stretched_over_the_frames(labels, frames, expected):
    found = labels_of_frames(torch.tensor([labels]), torch.tensor([len(labels)]), torch.tensor([frames]), frames)
    assert found.tolist() == [expected]


def test_labels_of_a_padded_batch_are_those_of_each_alone():
    rng = torch.Generator().manual_seed(1)
    for _ in range(50):
        lengths, counts = torch.randint(1, 12, (2, 3), generator=rng)
        labels = torch.randint(0, 3, (3, 12), generator=rng)
        together = labels_of_frames(labels, counts, lengths, 12)
        for row in range(3):
            count, length = counts[row], int(lengths[row])
            alone = labels_of_frames(labels[row : row + 1, :count], count[None], lengths[row : row + 1], length)
            assert together[row].tolist() == alone[0].tolist() + [0] * (12 - length)


def test_whole_recordings_are_not_classified():
    with pytest.raises(TypeError, match="transcribe"):
        model_of().classify(tiny.signal(0.3))
    with pytest.raises(ConfigError, match="is_regression_task"):
        model_of(is_regression_task=True)


def test_published_models_are_listed():
    (info,) = EncDecFrameClassificationModel.list_available_models()
    assert info.pretrained_model_name == "vad_multilingual_frame_marblenet"
