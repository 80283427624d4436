"""The make targets: set-up happens once, and what can go wrong is said in plain words."""

import os
import re
import shutil
import subprocess

import pytest

from tests.architecture.source_tree import ROOT

FAKE_PYTHON = """#!/bin/sh
echo "$@" >> "$CALLS"
case "$*" in
  -c*) exit "${OLD:-0}" ;;
  --version) echo "Python 3.8.1" ;;
  "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
  *"pip install"*) exit "${OFFLINE:-0}" ;;
esac
"""


@pytest.fixture
def checkout(tmp_path):
    """A copy of what `make setup` reads, with a Python that only writes down how it was called."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    python = tmp_path / "fake_python"
    python.write_text(FAKE_PYTHON)
    python.chmod(0o755)
    return tmp_path


def make(checkout, target, **environment):
    done = subprocess.run(
        ["make", target, f"PYTHON={checkout / 'fake_python'}"],
        cwd=checkout,
        env={"PATH": os.environ["PATH"], "CALLS": str(checkout / "calls"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    calls = (checkout / "calls").read_text().splitlines() if (checkout / "calls").exists() else []
    return done, [call for call in calls if "pip install" in call]


def test_a_second_call_installs_nothing(checkout):
    done, installs = make(checkout, "setup")
    assert done.returncode == 0, done.stderr
    assert len(installs) == 1
    assert "-c constraints.txt -e .[asr,nlp,export,demo,dev]" in installs[0]
    assert len(make(checkout, "test")[1]) == 1
    assert len(make(checkout, "demo")[1]) == 1


def test_changed_requirements_install_again(checkout):
    make(checkout, "setup")
    stamp = (checkout / ".venv" / ".installed").stat().st_mtime
    os.utime(checkout / "constraints.txt", (stamp + 5, stamp + 5))
    assert len(make(checkout, "setup")[1]) == 2


def test_old_python_is_named_with_the_way_out(checkout):
    done, installs = make(checkout, "demo", OLD="1")
    assert done.returncode != 0
    assert not installs
    assert "3.10 to 3.13 is needed" in done.stdout
    assert "Python 3.8.1" in done.stdout
    assert "make demo PYTHON=python3.12" in done.stdout


def test_failed_installation_is_tried_again(checkout):
    done, _ = make(checkout, "test", OFFLINE="1")
    assert done.returncode != 0
    assert "The installation failed" in done.stdout
    assert len(make(checkout, "test")[1]) == 2


def test_help_names_every_target():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = set(re.findall(r"^([a-z-]+):", text, re.MULTILINE)) - {"help", "setup", "architecture"}
    assert not {target for target in targets if target not in shown.split() and f"make {target}" not in shown}
