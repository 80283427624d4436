import subprocess
import sys

import pytest

from nemo.cli.main import main
from nemo.package_info import __version__


def test_help_shows_examples(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    assert "nemo transcribe --model model.nemo" in capsys.readouterr().out


def test_module_runs_as_a_command():
    done = subprocess.run([sys.executable, "-m", "nemo", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"nemo {__version__}"


def test_help_loads_nothing_heavy():
    code = "import sys; from nemo.cli.main import build_parser as b; b().format_help(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
