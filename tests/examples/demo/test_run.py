import subprocess
import sys

import pytest

from examples.demo import run as demo
from examples.demo.errors import DemoError
from examples.demo.manifests import DemoData
from examples.demo.report import evenly
from examples.demo.training import REPOSITORY


def test_synthetic_speech_stands_in_where_recordings_cannot_be_had(tmp_path, monkeypatch, capsys):
    def prepare(source, root):
        if source == "prompts":
            raise DemoError("no network")
        return DemoData(root, root, source)

    monkeypatch.setattr(demo, "choose_source", lambda: "prompts")
    monkeypatch.setattr(demo, "prepare_data", prepare)
    assert demo.get_data("auto", tmp_path)[0] == "synthetic"
    assert "no network" in capsys.readouterr().out
    with pytest.raises(DemoError, match="no network"):
        demo.get_data("prompts", tmp_path)


def test_failure_is_one_paragraph_and_exit_status_one(tmp_path, monkeypatch, capsys):
    def prepare(source, root):
        raise DemoError("The disk is full. Free some space and run again.")

    monkeypatch.setattr(demo, "prepare_data", prepare)
    assert demo.main(["--data", "synthetic", "--data-folder", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "\nThe disk is full. Free some space and run again.\n"


def test_interruption_says_how_to_go_on(tmp_path, monkeypatch, capsys):
    def stop(source, root):
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "prepare_data", stop)
    assert demo.main(["--data", "synthetic"]) == 130
    assert "goes on where this one stopped" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("count", "shown"), [(1, [0]), (3, [0, 1, 2]), (10, list(range(10))), (19, list(range(0, 19, 2)))]
)
def test_shown_sentences_are_spread_evenly(count, shown):
    assert evenly(count, 10) == shown


@pytest.mark.parametrize("module", ["examples.demo.run", "examples.demo.report"])
def test_help_of_the_demo(module):
    done = subprocess.run(
        [sys.executable, "-m", module, "--help"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert "usage:" in done.stdout
