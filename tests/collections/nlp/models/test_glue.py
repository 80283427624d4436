import pytest
import torch

from nemo.collections.nlp.models import GLUEModel
from nemo.utils.exceptions import ConfigError
from tests.collections.nlp import tiny_classifier as tiny
from tests.collections.nlp.data.test_glue import LINES, written
from tests.collections.nlp.models.test_text_classifier import quiet_trainer


def config(folder, task, **more):
    return {
        **tiny.encoder_sections(folder),
        "task_name": task,
        "dataset": {"data_dir": str(folder), "max_seq_length": 24},
        "train_ds": {"ds_item": "dev.tsv", "batch_size": 2},
        "validation_ds": {"ds_item": "dev.tsv", "batch_size": 3},
        "optim": {"name": "adam", "lr": 0.001},
        **more,
    }


@pytest.mark.parametrize(("task", "score"), [("sts-b", "val_pearson"), ("mrpc", "val_acc_and_f1"), ("mnli", "val_acc")])
def test_a_task_is_trained_validated_and_restored(task, score, tmp_path):
    line = LINES[task][1]
    other = {
        "sts-b": line.replace("3.750", "1.5"),
        "mrpc": "0" + line[1:],
        "mnli": line.replace("neutral", "entailment"),
    }
    written(tmp_path, task, line, other[task], line.replace("jazz", "rock"))
    trainer = quiet_trainer(max_epochs=1)
    model = GLUEModel(config(tmp_path, task), trainer)
    trainer.fit(model)
    assert torch.isfinite(trainer.callback_metrics["val_loss"])
    assert score in trainer.callback_metrics
    outputs = 1 if task == "sts-b" else len(model.task.labels)
    assert model.pooler.mlp.last_linear_layer.out_features == outputs
    model.save_to(str(tmp_path / "model.nemo"))
    restored = GLUEModel.restore_from(str(tmp_path / "model.nemo")).eval()
    ids, types, mask, _ = next(iter(model._validation_dl))
    inputs = {"input_ids": ids, "token_type_ids": types, "attention_mask": mask}
    with torch.no_grad():
        assert torch.equal(restored.forward(**inputs), model.eval().forward(**inputs))
    restored.export(str(tmp_path / "model.onnx"), check_trace=True)


def test_two_validation_sets_have_results_of_their_own(tmp_path):
    path = written(tmp_path, "mnli", LINES["mnli"][1])
    for name in ("dev_matched.tsv", "dev_mismatched.tsv"):
        (tmp_path / name).write_text(path.read_text())
    sets = {"ds_item": ["dev_matched.tsv", "dev_mismatched.tsv"], "batch_size": 2}
    trainer = quiet_trainer()
    model = GLUEModel(config(tmp_path, "mnli", validation_ds=sets, test_ds=sets), trainer)
    trainer.validate(model, verbose=False)
    accuracies = {name for name in trainer.callback_metrics if name.endswith("val_acc")}
    assert len(accuracies) == 3  # of the first set under its plain name, and of each under its own
    trainer.test(model, verbose=False)
    assert len({name for name in trainer.callback_metrics if name.endswith("test_acc")}) == 3


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"task_name": "squad"}, "task_name is 'squad'"),
        ({"task_name": None}, "model.task_name is mandatory"),
        ({"dataset": {"data_dir": None}}, "data_dir is not set"),
    ],
)
def test_what_is_missing_is_named(more, message, tmp_path):
    with pytest.raises(ConfigError, match=message):
        GLUEModel(config(tmp_path, "rte", **more))
