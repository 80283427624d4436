"""What imports cost: fresh processes, in turns, against bare Python and against PyTorch Lightning alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

from benchmarks.measure import compare, emit, emit_ratio

NEMO_LIMIT_MS = 60.0
MODELS_LIMIT_RATIO = 1.15
ORIGINAL_SECONDS = 10.8
"""``import nemo.collections.asr`` of release 1.23 on a machine of the same kind."""


def fresh_process(statement: str) -> Callable[[], None]:
    """A function that runs a statement in a new Python."""

    def run() -> None:
        subprocess.run([sys.executable, "-W", "ignore", "-c", statement], check=True)

    return run


def main() -> None:
    """Prints three lines: nemo over bare Python, the collection, the models against Lightning."""
    light = compare({"python": fresh_process("pass"), "nemo": fresh_process("import nemo")}, repetitions=15, warmup=2)
    over_bare = light["nemo"].median - light["python"].median
    emit(
        "import_nemo",
        1e3 * over_bare,
        unit="ms over bare Python",
        limit=NEMO_LIMIT_MS,
        reference=1e3 * light["python"].median,
        timing=light["nemo"],
    )
    models = "import nemo.collections.asr.models as models; models.EncDecCTCModel, models.EncDecCTCModelBPE"
    heavy = compare(
        {"lightning": fresh_process("import pytorch_lightning"), "models": fresh_process(models)}, repetitions=5
    )
    emit_ratio(
        "import_asr_models",
        heavy["models"],
        heavy["lightning"],
        limit=MODELS_LIMIT_RATIO,
        original_seconds=ORIGINAL_SECONDS,
    )


if __name__ == "__main__":
    main()
