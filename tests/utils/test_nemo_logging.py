import io
import logging as std_logging
import re
import subprocess
import sys
import warnings

import pytest

from nemo.utils import LogMode, logging
from nemo.utils.nemo_logging import Logger

LINE = r"\[NeMo {} \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d test_nemo_logging:\d+\] {}"


@pytest.fixture(autouse=True)
def _same_level_afterwards():
    before = logging.get_verbosity()
    logging.set_verbosity("INFO")
    yield
    logging.set_verbosity(before)


def run_python(code, **environment):
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    return done.stdout, done.stderr


def test_info_goes_to_stdout_and_warnings_to_stderr(capsys):
    logging.info("step %d", 3)
    logging.warning("careful")
    out, err = capsys.readouterr()
    assert re.fullmatch(LINE.format("I", "step 3") + "\n", out)
    assert re.fullmatch(LINE.format("W", "careful") + "\n", err)


def test_further_lines_are_indented_by_four(capsys):
    logging.info("first\nsecond")
    assert capsys.readouterr().out.endswith("] first\n    second\n")


def test_records_of_our_modules_come_out_with_their_own_place(capsys):
    std_logging.getLogger("nemo.some.module").info("from a module")
    assert re.fullmatch(LINE.format("I", "from a module") + "\n", capsys.readouterr().out)


def test_once_is_said_once_per_level_and_text(capsys):
    for name in ("a", "a", "b"):
        logging.warning("file %s", name, mode=LogMode.ONCE)
    logging.warning("file a")
    assert [line[-1] for line in capsys.readouterr().err.splitlines()] == ["a", "b", "a"]


def test_levels_by_number_and_name(capsys):
    logging.setLevel(logging.ERROR)
    assert logging.get_verbosity() == std_logging.ERROR
    logging.warning("dropped")
    with logging.temp_verbosity("debug"):
        logging.debug("shown")
    logging.debug("dropped")
    out, err = capsys.readouterr()
    assert out.endswith("] shown\n")
    assert err == ""
    with pytest.raises(ValueError, match="'loud' is no log level; use one of DEBUG"):
        logging.set_verbosity("loud")


def test_patched_streams_get_the_lines(capsys):
    stream = io.StringIO()
    with logging.patch_stdout_handler(stream):
        logging.info("inside")
    logging.info("outside")
    assert stream.getvalue().endswith("] inside\n")
    assert "inside" not in capsys.readouterr().out
    with logging.patch_stderr_handler(stream):
        logging.error("error inside")
    assert "error inside" in stream.getvalue()


def test_files_get_everything_and_the_error_file_only_warnings(tmp_path):
    logging.add_file_handler(tmp_path / "all.txt")
    logging.add_err_file_handler(tmp_path / "errors.txt")
    try:
        logging.info("fine")
        logging.error("broken")
    finally:
        logging.remove_file_handlers()
    logging.info("after")
    assert [line[-6:] for line in (tmp_path / "all.txt").read_text().splitlines()] == ["] fine", "broken"]
    assert [line[-6:] for line in (tmp_path / "errors.txt").read_text().splitlines()] == ["broken"]


def test_warnings_are_left_alone_until_asked():
    plain = warnings.showwarning
    logging.captureWarnings(True)
    try:
        assert warnings.showwarning != plain
        stream = io.StringIO()
        with warnings.catch_warnings(), logging.patch_stderr_handler(stream):
            warnings.simplefilter("always")
            warnings.showwarning = logging._showwarning
            warnings.warn("old thing", stacklevel=1)
        assert re.search(LINE.format("W", "UserWarning: old thing"), stream.getvalue())
    finally:
        logging.captureWarnings(False)
    assert warnings.showwarning is plain


def test_a_program_that_only_imports_keeps_pythons_warnings():
    code = "import warnings; plain = warnings.showwarning; import nemo.utils.nemo_logging"
    assert run_python(f"{code}; print(plain is warnings.showwarning)")[0].strip() == "True"


@pytest.mark.parametrize(
    ("environment", "out", "err"),
    [
        ({}, "information", "warned"),
        ({"NEMO_LOG_LEVEL": "ERROR"}, "", ""),
        ({"RANK": "1"}, "", ""),
        ({"RANK": "1", "NEMO_TESTING": "1"}, "information", "warned"),
        ({"LOCAL_RANK": "1"}, "", ""),
        ({"NEMO_REDIRECT_LOGS_TO_STDERR": "1"}, "", "information"),
    ],
)
def test_environment_decides_what_is_printed(environment, out, err):
    printed = run_python(
        "from nemo.utils import logging; logging.info('information'); logging.warning('warned')", **environment
    )
    for text, expected in zip(printed, (out, err), strict=True):
        assert expected in text
        assert bool(expected) == bool(text)


def test_constants_are_the_standard_librarys():
    for name in ("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG", "NOTSET"):
        assert getattr(Logger, name) == getattr(std_logging, name)


def test_importing_the_front_does_not_load_torch():
    out, _ = run_python("import sys; from nemo.utils import logging; print('torch' in sys.modules)")
    assert out.strip() == "False"
