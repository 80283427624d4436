"""What the documents say is so: links lead somewhere, data parses, commands exist, Python runs."""

import json
import os
import re
import subprocess
import sys
import wave

import pytest
import yaml

from nemo.cli.main import build_parser
from tests.docs.documents import DOCUMENTS, ROOT, blocks, commands

LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)[^)]*\)")
CODE = re.compile(r"`((?:nemo|tests|docs|examples|scripts|benchmarks)/[\w./-]+)`")
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
HARMLESS = {"git", "cd", "tar", "pip", "source", "tensorboard", "pre-commit", "torchrun", "srun"}


def scripts_named():
    """Every Python script that a shell block runs, once."""
    return sorted(
        {
            word
            for block in blocks("bash", "sh")
            for command in commands(block)
            for word in command
            if word[-3:] == ".py"
        }
    )


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(document):
    links = LINK.findall(document.read_text(encoding="utf-8"))
    broken = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert not broken


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_paths_in_code_marks_exist(document):
    named = CODE.findall(document.read_text(encoding="utf-8"))
    assert not [path for path in named if not (ROOT / path).exists()]


@pytest.mark.parametrize("block", blocks("json", "yaml"), ids=str)
def test_data_blocks_parse(block):
    if block.language == "yaml":
        yaml.safe_load(block.text)
    else:
        for line in block.text.splitlines():
            json.loads(line)


@pytest.mark.parametrize("block", blocks("bash", "sh"), ids=str)
def test_commands_exist(block):
    for command in commands(block):
        program = os.path.basename(command[0])
        if program == "make":
            assert set(word for word in command[1:] if "=" not in word) <= TARGETS, command
        elif program == "nemo":
            build_parser().parse_args(command[1:])
        elif program.startswith("python"):
            assert command[1] in {"-m", "-c"} or (ROOT / command[1]).is_file(), command
        else:
            assert program in HARMLESS, f"teach this test what {command[0]!r} is"


@pytest.mark.parametrize("script", scripts_named())
def test_scripts_explain_themselves(script):
    done = subprocess.run([sys.executable, str(ROOT / script), "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) > 100


def test_overrides_of_training_commands_are_keys_of_their_config():
    checked = 0
    for block in blocks("bash", "sh"):
        for command in commands(block):
            options = dict(word.lstrip("-").split("=", 1) for word in command if "=" in word)
            script = next((ROOT / word for word in command if word.endswith(".py")), None)
            if script is None or "config-name" not in options:
                continue
            folder = script.parent / options.pop("config-path", "conf")
            config = yaml.safe_load((folder / f"{options.pop('config-name')}.yaml").read_text(encoding="utf-8"))
            for key in options:
                section = config
                for part in key.split("."):
                    assert part in section, f"{block}: {key} is not a key of its config"
                    section = section[part]
                checked += 1
    assert checked


@pytest.fixture
def workplace(tmp_path, monkeypatch, tiny_archive, streaming_archive, voices):
    """A folder with what the snippets name: model.nemo, streaming.nemo, voices, a.wav, b.wav, and the recipes."""
    (tmp_path / "examples").symlink_to(ROOT / "examples", target_is_directory=True)
    (tmp_path / "model.nemo").write_bytes(tiny_archive.read_bytes())
    (tmp_path / "streaming.nemo").write_bytes(streaming_archive.read_bytes())
    for path in voices.iterdir():
        (tmp_path / path.name).symlink_to(path)
    for name in ("a.wav", "b.wav"):
        with wave.open(str(tmp_path / name), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(os.urandom(16000))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("document", sorted({block.document for block in blocks("python")}), ids=lambda path: path.name)
def test_python_blocks_run(document, workplace, capsys):
    names = {"__name__": "__snippet__"}
    for block in blocks("python"):
        if block.document == document:
            exec(compile(block.text, str(block), "exec"), names)


@pytest.mark.parametrize(
    "arguments", [["info", "model.nemo"], ["transcribe", "--model", "model.nemo", "a.wav", "b.wav"]]
)
def test_nemo_commands_of_the_readme_work(arguments, workplace):
    done = subprocess.run([sys.executable, "-m", "nemo", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout
