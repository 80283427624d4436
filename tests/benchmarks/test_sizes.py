from benchmarks.code_size import WINDOW, repeated_lines
from benchmarks.install_size import needed


def test_repeated_lines_are_those_of_equal_runs():
    run = [f"value_{i} = {i}" for i in range(WINDOW)]
    assert repeated_lines({"a.py": [*run, "x = 1"], "b.py": ["y = 2", *run]}) == 2 * WINDOW
    assert repeated_lines({"a.py": run[:-1], "b.py": run[:-1]}) == 0


def test_needed_packages_include_those_of_packages():
    found = needed(["pytorch-lightning"])
    assert {"pytorch-lightning", "torch", "torchmetrics", "numpy"} <= set(found)
    assert "pytest" not in found
