import numpy as np
import pytest
import torch

from nemo.collections.asr.models import EncDecClassificationModel
from nemo.collections.common.exceptions import ManifestError
from nemo.utils.exceptions import ConfigError
from tests.collections.asr.models import tiny, tiny_classifier
from tests.collections.asr.models.test_ctc import trainer


def model_of(**more):
    return EncDecClassificationModel(cfg=tiny_classifier.config(**more))


def test_forward_gives_a_row_of_logits_for_each_recording():
    model = model_of().eval()
    audio, lengths = tiny_classifier.signals()
    logits = model(input_signal=audio, input_signal_length=lengths)
    assert logits.shape == (2, 3)
    features, feature_lengths = model.preprocessor(input_signal=audio, length=lengths)
    assert torch.equal(logits, model(processed_signal=features, processed_signal_length=feature_lengths))
    encoded, _ = model.encoder(audio_signal=features, length=feature_lengths)
    by_hand = encoded.mean(dim=2) @ model.decoder.decoder_layers[0].weight.T + model.decoder.decoder_layers[0].bias
    assert torch.allclose(logits, by_hand, atol=1e-5)


def test_training_learns_the_tones_and_reports_accuracies(tmp_path):
    paths, manifest = tiny_classifier.recordings(tmp_path)
    section = tiny_classifier.dataset(manifest)
    fitting = trainer(max_steps=40)
    model = EncDecClassificationModel(
        cfg=tiny_classifier.config(train_ds=section, validation_ds=section, test_ds=section), trainer=fitting
    )
    before = fitting.validate(model, verbose=False)[0]
    fitting.fit(model)
    after = fitting.validate(model, verbose=False)[0]
    assert after["val_loss"] < before["val_loss"]
    assert after["val_epoch_top@1"] == after["val_acc_micro_top_1"] == after["val_acc_macro"] == 1.0
    assert fitting.test(model, verbose=False)[0]["test_acc_macro"] == 1.0
    assert [result.label for result in model.classify(paths, verbose=False)] == tiny_classifier.CLASSES
    assert [int(best) for best in model.transcribe(paths, verbose=False)] == [0, 1, 2]

    model.save_to(str(tmp_path / "m.nemo"))
    again = EncDecClassificationModel.restore_from(str(tmp_path / "m.nemo"))
    ours, theirs = (each.transcribe(paths, logprobs=True, verbose=False) for each in (again, model))
    np.testing.assert_array_equal(ours, theirs)


def test_classify_does_not_depend_on_the_batch_and_keeps_the_order():
    model = model_of()
    audio = [tiny.signal(seconds, 300 * number + 200) for number, seconds in enumerate((0.3, 0.5, 0.3, 0.4))]
    together = model.classify(audio, batch_size=4, verbose=False)
    alone = [model.classify(each, verbose=False)[0] for each in audio]
    for ours, theirs in zip(together, alone, strict=True):
        assert torch.allclose(ours.logits, theirs.logits, atol=1e-6)
        assert ours.label == max(ours.probabilities, key=ours.probabilities.get)
        assert sum(ours.probabilities.values()) == pytest.approx(1.0, abs=1e-5)
    assert str(together[0]).startswith(together[0].label)


def test_two_best_classes_come_in_order():
    model = model_of()
    model._accuracy.top_k = [1, 2]
    (best,) = model.transcribe(tiny.signal(0.3), verbose=False)
    (logits,) = model.transcribe(tiny.signal(0.3), logprobs=True, verbose=False)
    assert best.tolist() == np.argsort(-logits)[:2].tolist()


def test_labels_come_from_the_training_data_where_the_config_has_none(tmp_path):
    _, manifest = tiny_classifier.recordings(tmp_path)
    model = model_of(labels=None, train_ds=tiny_classifier.dataset(manifest))
    assert model.labels == ["high", "low", "middle"] and model.decoder.num_classes == 3
    with pytest.raises(ConfigError, match=r"model\.labels is empty"):
        model_of(labels=None)


def test_change_labels_makes_a_new_decoder_and_keeps_the_encoder():
    model = model_of(loss={"weight": [1.0, 2.0, 3.0]}).eval()
    before = {name: value.clone() for name, value in model.encoder.state_dict().items()}
    model.change_labels(["a", "b"])
    assert model.labels == ["a", "b"] and model.cfg.decoder.num_classes == 2 and model.loss.weight is None
    assert model(input_signal=torch.randn(1, 4000), input_signal_length=torch.tensor([4000])).shape == (1, 2)
    assert all(torch.equal(value, before[name]) for name, value in model.encoder.state_dict().items())
    decoder = model.decoder
    model.change_labels(["a", "b"])
    assert model.decoder is decoder
    with pytest.raises(ConfigError, match="one at least"):
        model.change_labels([])


def test_weights_of_the_loss_are_those_of_the_config_or_of_the_counts(tmp_path):
    _, manifest = tiny_classifier.recordings(tmp_path, ["low", "high", "high"])
    section = tiny_classifier.dataset(manifest)
    model = model_of(labels=["low", "high"], loss={"weight": "auto"}, train_ds=section)
    assert model.loss.weight.tolist() == [1.5, 0.75]  # 3 examples / (2 classes * their number)
    model.save_to(str(tmp_path / "m.nemo"))
    assert EncDecClassificationModel.restore_from(str(tmp_path / "m.nemo")).loss.weight.tolist() == [1.5, 0.75]
    with pytest.raises(ConfigError, match="there are 3 labels"):
        model_of(loss={"weight": [1.0]})


def test_faults_of_a_config_are_named():
    with pytest.raises(ConfigError, match=r"num_classes is 5, but there are 3 labels"):
        model_of(decoder=tiny_classifier.DECODER | {"num_classes": 5})
    with pytest.raises(ConfigError, match=r"feat_in is 7, but there are 24 channels"):
        model_of(decoder=tiny_classifier.DECODER | {"feat_in": 7})
    with pytest.raises(ConfigError, match="EncDecRegressionModel"):
        model_of(is_regression_task=True)
    with pytest.raises(ConfigError, match="more than once"):
        model_of(labels=["a", "b", "a"])
    with pytest.raises(ValueError, match="got neither"):
        model_of()()


def test_label_that_the_model_lacks_is_named_with_its_line_and_the_nearest(tmp_path):
    _, manifest = tiny_classifier.recordings(tmp_path, ["low", "middl", "high"])
    with pytest.raises(ManifestError, match=r"line 2: the label 'middl' .* Write 'middle'"):
        model_of(train_ds=tiny_classifier.dataset(manifest))


def test_crop_or_pad_makes_recordings_of_every_length_alike():
    section = {"_target_": f"{tiny.MODULES}.CropOrPadSpectrogramAugmentation", "audio_length": 32}
    model = model_of(crop_or_pad_augment=section).eval()
    audio, lengths = tiny_classifier.signals()
    _, encoded_lengths = model.encode(audio, lengths, None, None)
    assert encoded_lengths.tolist() == [16, 16]


def test_published_models_are_listed():
    names = [info.pretrained_model_name for info in EncDecClassificationModel.list_available_models()]
    assert len(names) == 9 and {"vad_multilingual_marblenet", "commandrecognition_en_matchboxnet3x1x64_v2"} <= set(
        names
    )
