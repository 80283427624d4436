import json
import tarfile

import numpy as np
import pytest
import torch
import yaml

from nemo.collections.asr.losses import AngularSoftmaxLoss
from nemo.collections.asr.models import EncDecSpeakerLabelModel
from nemo.collections.common.exceptions import AudioFileError, ManifestError
from nemo.collections.common.losses.cross_entropy import CrossEntropyLoss
from nemo.utils.exceptions import ConfigError
from tests.collections.asr.models import tiny_speakers
from tests.collections.asr.models.test_ctc import trainer


def model_of(**more):
    return EncDecSpeakerLabelModel(cfg=tiny_speakers.config(labels=["ann", "bob", "eve"]) | more)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A model that has learnt three voices, its metrics before and after, and the folder of its recordings."""
    folder = tmp_path_factory.mktemp("voices")
    torch.manual_seed(0)
    _, train = tiny_speakers.recordings(folder)
    _, dev = tiny_speakers.recordings(folder, each=2, first_seed=500, name="dev")
    train_ds, dev_ds = tiny_speakers.dataset(train, shuffle=True), tiny_speakers.dataset(dev)
    fitting = trainer(max_steps=40)
    config = tiny_speakers.config(train_ds=train_ds, validation_ds=dev_ds, test_ds=dev_ds)
    model = EncDecSpeakerLabelModel(cfg=config, trainer=fitting)
    before = fitting.validate(model, verbose=False)[0]
    fitting.fit(model)
    after = fitting.validate(model, verbose=False)[0]
    assert fitting.test(model, verbose=False)[0]["test_acc_macro"] == after["val_acc_macro"]
    return model, before, after, folder


def test_training_learns_the_voices_of_the_manifest(trained):
    model, before, after, _ = trained
    assert model.labels == ["ann", "bob", "eve"] and model.decoder.num_classes == 3
    assert after["val_loss"] < 0.5 * before["val_loss"]
    assert after["val_epoch_top@1"] == after["val_acc_micro_top_1"] == after["val_acc_macro"] == 1.0


def test_recordings_of_one_voice_are_verified_and_others_refused(trained):
    model, _, _, folder = trained
    ann, again, bob = (str(folder / f"{name}.wav") for name in ("dev-ann-0", "dev-ann-1", "dev-bob-0"))
    assert model.verify_speakers(ann, again, threshold=0.8) is True
    assert model.verify_speakers(ann, bob, threshold=0.8) is False
    one, other = (model.get_embedding(path)[0].numpy() for path in (ann, bob))
    score = (one @ other / np.linalg.norm(one) / np.linalg.norm(other) + 1) / 2
    assert model.verify_speakers(ann, bob, threshold=score - 1e-4) and not model.verify_speakers(
        ann, bob, threshold=score + 1e-4
    )


def test_embeddings_of_a_manifest_are_those_of_its_files_in_their_order(trained):
    model, _, _, folder = trained
    model.train()
    embeddings, logits, given, speakers = model.batch_inference(str(folder / "dev.json"), batch_size=4)
    assert model.training
    assert speakers == model.labels and [speakers[best] for best in logits.argmax(axis=1)] == given
    for row, speaker in enumerate(given[:3]):
        embedding, logit = model.infer_file(str(folder / f"dev-{speaker}-0.wav"))
        np.testing.assert_allclose(embedding[0], embeddings[row], atol=1e-5)
        np.testing.assert_allclose(logit[0], logits[row], atol=1e-5)
    with pytest.raises(ConfigError, match="takes 16000 Hz"):
        model.batch_inference(str(folder / "dev.json"), sample_rate=8000)


def test_a_file_that_cannot_be_read_does_not_end_the_others(trained, tmp_path, caplog):
    model, _, _, folder = trained
    lines = [{"audio_filepath": str(tmp_path / "no.wav"), "duration": 1.0}]
    lines += [{"audio_filepath": str(folder / "dev-bob-0.wav"), "duration": 0.5}]
    (tmp_path / "m.json").write_text("\n".join(map(json.dumps, lines)))
    embeddings, _, given, _ = model.batch_inference(str(tmp_path / "m.json"), device=None)
    assert given == [None, None] and np.isnan(embeddings[0]).all() and np.isfinite(embeddings[1]).all()
    assert "no.wav was left out" in caplog.text
    with pytest.raises(AudioFileError, match="no.wav"):
        model.get_embedding(str(tmp_path / "no.wav"))


def test_labels_of_files_and_of_their_parts(trained):
    model, _, _, folder = trained
    path = str(folder / "dev-eve-1.wav")
    assert model.get_label(path) == "eve"
    assert model.get_label(path, segment_duration=0.2, num_segments=3, random_seed=1) == "eve"
    samples = tiny_speakers.voice("bob", 0.5, 99)
    assert model.labels[int(model.infer_segment(samples)[1].argmax())] == "bob"
    with pytest.raises(ConfigError, match="speaker models give no text"):
        model.transcribe([path])


def test_an_archive_keeps_the_speakers_where_the_original_looks(trained, tmp_path):
    model, _, _, folder = trained
    model.save_to(str(tmp_path / "m.nemo"))
    with tarfile.open(tmp_path / "m.nemo") as archive:
        name = next(name for name in archive.getnames() if name.endswith("model_config.yaml"))
        config = yaml.safe_load(archive.extractfile(name))
    assert config["target"] == "nemo.collections.asr.models.label_models.EncDecSpeakerLabelModel"
    assert config["train_ds"]["labels"] == ["ann", "bob", "eve"]
    again = EncDecSpeakerLabelModel.restore_from(str(tmp_path / "m.nemo"))
    path = str(folder / "dev-ann-0.wav")
    assert again.labels == model.labels and torch.equal(again.get_embedding(path), model.get_embedding(path))


def test_new_speakers_keep_the_embedding_and_are_learnt(trained, tmp_path):
    model, _, _, folder = trained
    model.save_to(str(tmp_path / "m.nemo"))
    again = EncDecSpeakerLabelModel.restore_from(str(tmp_path / "m.nemo"))
    path = str(folder / "dev-ann-0.wav")
    again.change_labels(["x", "y"])
    assert again.labels == ["x", "y"] and again.cfg.train_ds.labels == ["x", "y"] and again.decoder.num_classes == 2
    assert torch.equal(again.get_embedding(path), model.get_embedding(path))
    with pytest.raises(ManifestError, match="the label 'ann' is none of the 2"):
        again.setup_training_data(tiny_speakers.dataset(str(folder / "speakers.json")))
    with pytest.raises(ConfigError, match="different names"):
        again.change_labels(["x", "x"])


def test_a_model_without_names_takes_those_of_new_data(tmp_path):
    _, manifest = tiny_speakers.recordings(tmp_path, each=1)
    model = model_of(labels=None, decoder=tiny_speakers.DECODER | {"num_classes": 3})
    assert model.labels == []
    model.setup_training_data(tiny_speakers.dataset(manifest))
    assert model.labels == ["ann", "bob", "eve"] and model.cfg.train_ds.labels == model.labels
    small = model_of(labels=None, decoder=tiny_speakers.DECODER | {"num_classes": 2})
    with pytest.raises(ConfigError, match="num_classes is 2, but there are 3 speakers"):
        small.setup_training_data(tiny_speakers.dataset(manifest))


@pytest.mark.parametrize("encoder", [None, tiny_speakers.ecapa_encoder()], ids=["titanet", "ecapa"])
def test_exported_network_gives_the_same_in_onnxruntime(encoder, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime", reason="the extra `export` is not installed")
    model = model_of(**({} if encoder is None else {"encoder": encoder})).eval()
    model.export(str(tmp_path / "m.onnx"))
    session = onnxruntime.InferenceSession(str(tmp_path / "m.onnx"))
    features, lengths = torch.randn(2, 16, 60), torch.tensor([60, 41])
    with torch.no_grad():
        expected = model.forward_for_export(features, lengths)
    names = [each.name for each in session.get_inputs()]
    found = session.run(None, dict(zip(names, (features.numpy(), lengths.numpy()), strict=True)))
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_the_loss_says_how_the_decoder_scores():
    assert isinstance(model_of().loss, AngularSoftmaxLoss) and model_of().cfg.decoder.angular
    plain = model_of(loss=None)
    assert isinstance(plain.loss, CrossEntropyLoss) and plain.decoder.final.bias is not None
    angular = model_of(loss={"scale": 9, "margin": 0.3}, decoder=tiny_speakers.DECODER | {"angular": True})
    assert (angular.loss.scale, angular.loss.margin) == (9, 0.3)


def test_rare_speakers_weigh_more_in_training_and_the_same_in_evaluation(tmp_path):
    _, manifest = tiny_speakers.recordings(tmp_path, each=1)
    with open(manifest) as file:
        lines = file.read().splitlines()
    with open(manifest, "w") as file:
        file.write("\n".join([*lines, lines[0], lines[0]]))
    model = model_of(loss={"weight": "auto"}, train_ds=tiny_speakers.dataset(manifest))
    assert model.loss.weight.tolist() == pytest.approx([5 / 9, 5 / 3, 5 / 3])
    assert model.eval_loss.weight is None


def test_faults_of_a_config_are_named():
    with pytest.raises(ConfigError, match="num_classes is 2, but there are 3 speakers"):
        model_of(decoder=tiny_speakers.DECODER | {"num_classes": 2})
    with pytest.raises(ConfigError, match="num_classes is -1, and there are no labels"):
        model_of(labels=None)
    with pytest.raises(ConfigError, match="bob more than once"):
        model_of(labels=["ann", "bob", "bob"])
