"""Restores the archives of a folder where no connection can be made, and compares what they give.

``python -m tests.examples.nlp.restore_offline FOLDER`` prints how many there were; a difference is an error.
"""

import pickle
import socket
import sys
from pathlib import Path

import torch

from nemo.core.classes.model_pt import ModelPT
from tests.examples.nlp.test_recipes import RECIPES


def _refuse(*arguments, **named):
    raise OSError("this process has no network")


def _close(found, wanted):
    """Equal, numbers to rounding: another process may add in another order."""
    if isinstance(wanted, float):
        return abs(found - wanted) <= 1e-5 * max(1.0, abs(wanted))
    if isinstance(wanted, torch.Tensor):
        return torch.allclose(found, wanted, atol=1e-5)
    if isinstance(wanted, dict):
        return found.keys() == wanted.keys() and all(_close(found[key], wanted[key]) for key in wanted)
    if isinstance(wanted, (list, tuple)):
        return len(found) == len(wanted) and all(map(_close, found, wanted))
    return found == wanted


def main(folder):
    socket.socket.connect = socket.getaddrinfo = _refuse
    torch.set_num_threads(1)
    paths = sorted(Path(folder).glob("*.nemo"))
    for path in paths:
        name, inputs, wanted = pickle.loads(path.with_suffix(".results").read_bytes())
        found = RECIPES[name].results(ModelPT.restore_from(str(path)).eval(), inputs)
        if not _close(found, wanted):
            raise SystemExit(f"{name}: {found} instead of {wanted}")
    sys.stdout.write(f"{len(paths)}\n")


if __name__ == "__main__":
    main(sys.argv[1])
