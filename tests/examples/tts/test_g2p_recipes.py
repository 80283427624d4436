"""Recipes and scripts of examples/tts/g2p at toy size: learn, are saved, restored, and write what they have learnt."""

import json
import runpy
import sys

import pytest

from nemo.core.classes.model_pt import ModelPT
from tests.examples.tts.toy_recipes import EXAMPLES, G2P_NAMES

WORDS = {"cat": "k ae t", "dog": "d ao g", "read": "r eh d"}
READINGS = [("i will read it", "read_present"), ("i read it", "read_past")]
BERT = {
    "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16, "vocab_size": 9,
    "max_position_embeddings": 16, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0,
}  # fmt: skip
T5 = {
    "vocab_size": 384, "d_model": 32, "d_kv": 16, "d_ff": 64, "num_layers": 1, "num_heads": 2, "dropout_rate": 0.0,
    "tie_word_embeddings": False,
}  # fmt: skip


def write(path, lines):
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    return path


def toy(name, folder):
    """What makes a recipe small, with its data in `folder`."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    if name.endswith("heteronym_classification"):
        spans = [text.index("read") for text, _ in READINGS]
        lines = [
            {"text_graphemes": text, "start_end": [start, start + 4], "homograph_span": "read", "word_id": wordid}
            for (text, wordid), start in zip(READINGS, spans, strict=True)
        ]
        write(folder / "vocab.txt", [*special, "i", "will", "read", "it"])
        table = write(folder / "wordids.tsv", ["homograph\twordid", *(f"read\t{wordid}" for _, wordid in READINGS)])
        config = "{" + ", ".join(f"{key}: {value}" for key, value in BERT.items()) + "}"
        small = [
            f"wordids={table}", f"model.tokenizer.vocab_file={folder / 'vocab.txt'}", "model.max_seq_length=16",
            f"model.language_model.config={config}", "model.head.fc_dropout=0", "model.optim.lr=0.05",
        ]  # fmt: skip
    else:
        lines = [{"text_graphemes": word, "text": text} for word, text in WORDS.items()]
        small = ["model.optim.lr=0.02"]
        if name.endswith("t5"):
            small.append("model.config={" + ", ".join(f"{key}: {value}" for key, value in T5.items()) + "}")
            small.append("model.max_target_len=16")
        else:
            write(
                folder / "vocab.txt", [*special, *sorted({piece for text in WORDS.values() for piece in text.split()})]
            )
            sizes = {"n_layers": 1, "d_model": 16, "n_heads": 2, "conv_kernel_size": 3, "subsampling_conv_channels": 16}
            small += [f"model.encoder.{key}={value}" for key, value in sizes.items()]
            small += [f"model.encoder.{key}=0" for key in ("dropout", "dropout_att", "dropout_pre_encoder")]
            small += [f"model.tokenizer.dir={folder}", "model.tokenizer.type=wpe", "model.embedding.d_model=16"]
            small.append("~model.optim.sched")
    manifest = write(folder / "data.json", lines)
    data = [f"{kind}_manifest={manifest}" for kind in ("train", "validation", "test")]
    loaders = [f"model.{kind}_ds.dataloader_params.num_workers=0" for kind in ("train", "validation", "test")]
    return [*small, *data, *loaders]


def run(monkeypatch, script, *arguments):
    monkeypatch.setattr(sys, "argv", [script, *map(str, arguments)])
    monkeypatch.chdir(EXAMPLES / "g2p")
    monkeypatch.syspath_prepend(EXAMPLES / "g2p")  # as for a script that is run: it imports its neighbour
    return runpy.run_path(str(EXAMPLES / "g2p" / script))["main"]()


TRAINER = [
    "trainer.max_epochs=25", "trainer.accelerator=cpu", "+trainer.check_val_every_n_epoch=25", "do_testing=true",
    "+trainer.enable_progress_bar=false", "+trainer.enable_model_summary=false",
    "exp_manager.create_tensorboard_logger=false",
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:The '.*dataloader' does not have many workers")
@pytest.mark.parametrize("name", G2P_NAMES)
def test_recipe_learns_saves_and_writes(name, tmp_path, monkeypatch, capsys):
    is_heteronym = name.endswith("heteronym_classification")
    script = "g2p_heteronym_classification_train_and_evaluate.py" if is_heteronym else "g2p_train_and_evaluate.py"
    folder = f"exp_manager.exp_dir={tmp_path / 'run'}"
    run(monkeypatch, script, f"--config-name={name.rpartition('/')[2]}", *toy(name, tmp_path), *TRAINER, folder)
    archive = next((tmp_path / "run").rglob("*.nemo"))
    capsys.readouterr()
    if is_heteronym:
        arguments = (f"manifest={tmp_path / 'data.json'}", f"output_file={tmp_path / 'out.json'}")
        run(monkeypatch, "g2p_heteronym_classification_inference.py", f"pretrained_model={archive}", *arguments)
        assert "2 heteronyms in 2 lines accuracy 100.00%, 2 heteronyms" in capsys.readouterr().out
        run(
            monkeypatch,
            "g2p_heteronym_classification_inference.py",
            f"pretrained_model={archive}",
            "sentence=i read it",
        )
        assert "read_past\ni read it" in capsys.readouterr().out
        return
    arguments = (f"manifest_filepath={tmp_path / 'data.json'}", f"output_file={tmp_path / 'out.json'}")
    run(monkeypatch, "g2p_inference.py", f"pretrained_model={archive}", *arguments, "phoneme_field=text")
    assert "PER 0.00%, WER 0.00%, 3 lines" in capsys.readouterr().out
    written = [json.loads(line)["pred_text"] for line in (tmp_path / "out.json").read_text().splitlines()]
    assert written == list(WORDS.values())
    assert ModelPT.restore_from(archive).cfg.optim.name == "adamw"
