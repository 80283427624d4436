"""Question answering: trains, answers exactly what it learnt, saves, exports, and says what is wrong."""

import json
from pathlib import Path

import pytest
import pytorch_lightning as pl
from omegaconf import OmegaConf

from nemo.collections.common.exceptions import TextFileError
from nemo.collections.nlp.models import BERTQAModel, QAModel
from nemo.utils.exceptions import ConfigError, ShapeError
from tests.collections.nlp.toy_questions import colour_questions, config, write_questions
from tests.collections.nlp.toy_training import assert_exported_agrees, fit

pytestmark = pytest.mark.filterwarnings("ignore:.*does not have many workers.*")


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """A model that has learnt eight questions by heart, a third of which have no answer, and their file."""
    pl.seed_everything(0)
    folder = tmp_path_factory.mktemp("qa")
    file = write_questions(folder / "train.json", colour_questions(8, impossible=True))
    cfg = config(folder, version_2_with_negative=True)
    cfg["train_ds"] = {"file": str(file), "batch_size": 8, "shuffle": True}
    cfg["validation_ds"] = {"file": str(file), "batch_size": 3}
    model = QAModel(cfg)
    trainer = fit(model, 110)
    return model, file, trainer, folder


def right_answers(file):
    content = json.loads(file.read_text())
    questions = [qa for article in content["data"] for paragraph in article["paragraphs"] for qa in paragraph["qas"]]
    return {qa["id"]: qa["answers"][0]["text"] if qa["answers"] else "" for qa in questions}


def test_answers_what_it_learnt(learned):
    model, file, _, _ = learned
    predictions, nbest = model.inference(str(file), batch_size=3)
    assert {identity: answer for identity, (_, answer) in predictions.items()} == right_answers(file)
    assert "" in right_answers(file).values()
    assert all(question.startswith("What colour") for question, _ in predictions.values())
    for identity, answers in nbest.items():
        assert len(answers) <= 4
        assert answers[0]["text"] == predictions[identity][1]
        assert sum(answer["probability"] for answer in answers) == pytest.approx(1)


def test_validation_reports_exact_match_and_f1_in_percent(learned):
    model, file, trainer, _ = learned
    (metrics,) = trainer.validate(model, verbose=False)
    assert metrics["val_exact_match"] == metrics["val_f1"] == 100.0
    assert metrics["val_loss"] < 0.1
    scores = model.evaluate_from_file(str(file), batch_size=4)
    assert (scores["exact"], scores["NoAns_exact"], scores["total"]) == (100.0, 100.0, 8)


def test_batches_do_not_change_answers_and_the_mode_is_as_before(learned):
    model, file, _, _ = learned
    model.train()
    one = model.answers_from_file(str(file), batch_size=1)
    many = model.answers_from_file(str(file), batch_size=16)
    assert model.training
    for first, second in zip(one, many, strict=True):
        assert first.answer == second.answer
        assert [answer.score for answer in first.nbest] == pytest.approx(
            [answer.score for answer in second.nbest], abs=1e-4
        )
    assert len(model.answers_from_file(str(file), num_samples=3)) == 3


def test_results_are_written_as_json(learned, tmp_path):
    model, file, _, _ = learned
    names = [str(tmp_path / "nbest.json"), str(tmp_path / "answers.json")]
    predictions, nbest = model.inference(str(file), 4, -1, *names)
    written = [json.loads(Path(name).read_text(encoding="utf-8")) for name in names]
    assert written == [nbest, {identity: list(pair) for identity, pair in predictions.items()}]


def test_archive_restores_the_same_answers(learned, tmp_path):
    model, file, _, _ = learned
    model.save_to(str(tmp_path / "qa.nemo"))
    restored = QAModel.restore_from(str(tmp_path / "qa.nemo"))
    assert restored.inference(str(file)) == model.inference(str(file))
    assert model.cfg.target == "nemo.collections.nlp.models.question_answering.qa_model.QAModel"


def test_exported_file_computes_the_same(learned, tmp_path):
    assert_exported_agrees(learned[0], tmp_path, "logits")


def test_long_context_is_read_in_windows(learned, tmp_path):
    model, _, _, _ = learned
    content = colour_questions(2)
    context = " ".join(paragraph["context"] for paragraph in content["data"][0]["paragraphs"] * 20)
    content["data"][0]["paragraphs"] = [{"context": context, "qas": [{"id": "1", "question": "What colour?"}]}]
    file = write_questions(tmp_path / "long.json", content)
    (result,) = model.answers_from_file(str(file))
    assert result.answer in context


def test_newer_name_of_the_model_builds_the_same(tmp_path):
    assert isinstance(BERTQAModel(config(tmp_path)), QAModel)


def test_published_yaml_with_unset_files_builds(tmp_path):
    cfg = OmegaConf.create(config(tmp_path))
    cfg.merge_with(
        {
            "library": "huggingface",
            "save_model": False,
            "tokens_to_generate": 32,
            "train_ds": {"file": None, "num_workers": "${model.dataset.num_workers}"},
        }
    )
    cfg.dataset.num_workers = 0
    whole = OmegaConf.create({"model": cfg})
    assert QAModel(whole.model).train_dataloader() is None


def test_another_number_of_classes_is_refused(tmp_path):
    cfg = config(tmp_path)
    cfg["token_classifier"]["num_classes"] = 3
    with pytest.raises(ConfigError, match=r"token_classifier.num_classes is 3. Expected 2"):
        QAModel(cfg)


def test_windows_longer_than_the_encoder_say_so(tmp_path):
    model = QAModel(config(tmp_path, max_seq_length=60))
    content = {"data": [{"paragraphs": [{"context": "red " * 100, "qas": [{"id": "1", "question": "What?"}]}]}]}
    with pytest.raises(ShapeError, match="48 positions"):
        model.answers_from_file(str(write_questions(tmp_path / "long.json", content)))


def test_faulty_file_stops_before_training(tmp_path):
    cfg = config(tmp_path)
    content = colour_questions(2)
    del content["data"][0]["paragraphs"][1]["context"]
    cfg["train_ds"] = {"file": str(write_questions(tmp_path / "train.json", content))}
    with pytest.raises(TextFileError, match=r"train.json: data\[0\].paragraphs\[1\] has no 'context'"):
        QAModel(cfg)
