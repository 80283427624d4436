"""Writes a model as ONNX or TorchScript; the same as ``nemo export``.

python scripts/export.py model.nemo model.onnx
python scripts/export.py model.nemo folder_for_onnx_asr --int8
python scripts/export.py streaming.nemo model.onnx --cache_support --runtime-check
"""

import argparse
import sys

from nemo.cli.export import add_arguments, run


def main(arguments: list[str] | None = None) -> int:
    """Reads the command line and exports."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_arguments(parser)
    return run(parser.parse_args(arguments))


if __name__ == "__main__":
    sys.exit(main())
