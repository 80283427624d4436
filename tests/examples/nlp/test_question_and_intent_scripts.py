"""Scripts that get and prepare data of questions, intents and slots, on tiny made files."""

import functools
import http.server
import importlib.util
import json
import sys
import threading
from pathlib import Path

import pytest

from nemo.collections.nlp.data.intent_slot_files import IntentSlotDataDesc, read_intent_slots
from tests.collections.nlp.toy_intents import write_intents
from tests.collections.nlp.toy_questions import colour_questions

EXAMPLES = Path(__file__).parents[3] / "examples" / "nlp"


def script(path):
    """A script of the examples as a module."""
    spec = importlib.util.spec_from_file_location(
        f"example_{path.removesuffix('.py').replace('/', '_')}", EXAMPLES / path
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def prepare():
    return script("intent_slot_classification/data/import_datasets.py").main


def run(prepare, name, source, target):
    return prepare(["--dataset_name", name, "--source_data_dir", str(source), "--target_data_dir", str(target)])


def named(folder, part):
    labels = IntentSlotDataDesc(folder)
    rows = read_intent_slots(folder / f"{part}.tsv", folder / f"{part}_slots.tsv", labels.num_intents, labels.num_slots)
    return [
        (row.words, labels.intent_labels[row.intents[0]], [labels.slot_labels[slot] for slot in row.slots])
        for row in rows
    ]


def test_snips_is_cut_into_words_with_prefixed_slots(prepare, tmp_path):
    entry = {"data": [{"text": "Play "}, {"text": "Blue Sky", "entity": "song"}, {"text": " now"}]}
    for intent in ("PlayMusic", "GetWeather"):
        folder = tmp_path / "snips" / intent
        folder.mkdir(parents=True)
        for name in (f"train_{intent}_full.json", f"validate_{intent}.json"):
            (folder / name).write_text(json.dumps({intent: [entry]}))
    assert run(prepare, "snips", tmp_path / "snips", tmp_path / "made") == 0
    expected = ["play", "blue", "sky", "now"], "PlayMusic", ["O", "B-song", "I-song", "O"]
    assert expected in named(tmp_path / "made", "train")
    assert len(named(tmp_path / "made", "test")) == 2
    assert (tmp_path / "made" / "train_sentences.txt").read_text() == "play blue sky now\n" * 2


def test_atis_loses_its_marks_of_start_and_end(prepare, tmp_path):
    source = tmp_path / "atis"
    source.mkdir()
    (source / "atis.dict.intent.csv").write_text("fare\nflight\n")
    (source / "atis.dict.slots.csv").write_text("B-city\nO\n")
    for part in ("train", "test"):
        (source / f"atis.{part}.query.csv").write_text("BOS fly to boston EOS\n")
        (source / f"atis.{part}.intent.csv").write_text("1\n")
        (source / f"atis.{part}.slots.csv").write_text("1 1 1 0 1\n")
    assert run(prepare, "atis", source, tmp_path / "made") == 0
    assert named(tmp_path / "made", "test") == [(["fly", "to", "boston"], "flight", ["O", "O", "B-city"])]
    (source / "atis.test.slots.csv").write_text("1 1 7 0 1\n")
    assert run(prepare, "atis", source, tmp_path / "made") == 1


def test_files_in_our_form_stay_the_same(prepare, tmp_path):
    (tmp_path / "ours").mkdir()
    source = write_intents(tmp_path / "ours")
    assert run(prepare, "assistant", source, tmp_path / "made") == 0
    assert named(tmp_path / "made", "train") == named(source, "train")


def test_source_that_is_no_such_set_is_said_and_fails(prepare, tmp_path, caplog):
    assert run(prepare, "snips", tmp_path, tmp_path / "made") == 1
    (tmp_path / "PlayMusic").mkdir()
    assert run(prepare, "snips", tmp_path, tmp_path / "made") == 1
    assert run(prepare, "atis", tmp_path, tmp_path / "made") == 1


@pytest.fixture
def server(tmp_path):
    """A web server of made SQuAD files; its address."""
    folder = tmp_path / "web"
    folder.mkdir()
    for name in ("train-v2.0.json", "dev-v2.0.json"):
        (folder / name).write_text(json.dumps(colour_questions(4, impossible=True)))
    (folder / "train-v1.1.json").write_text("{}")

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    thread.join()
    httpd.server_close()


def test_squad_is_downloaded_and_read(server, tmp_path, caplog):
    get = script("question_answering/get_squad.py").main
    assert get(["--destDir", str(tmp_path), "--versions", "v2.0", "--url", server]) == 0
    assert json.loads((tmp_path / "squad/v2.0/dev-v2.0.json").read_text()) == colour_questions(4, impossible=True)
    assert get(["--destDir", str(tmp_path), "--versions", "v1.1", "--url", server]) == 1
    assert get(["--destDir", str(tmp_path), "--versions", "v3.0", "--url", server]) == 1
