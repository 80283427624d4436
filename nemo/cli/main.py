"""The command ``nemo`` and its subcommands."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from nemo.cli import export, info, speak, transcribe
from nemo.package_info import __version__
from nemo.utils.exceptions import NeMoBaseException

EXAMPLES = """\
examples:
  nemo info model.nemo                                   what is in an archive, without loading its weights
  nemo transcribe --model model.nemo a.wav b.flac        one line for each recording
  nemo transcribe --model model.nemo --json *.wav        JSON lines, as a manifest with pred_text
  nemo transcribe --model model.nemo --timestamps a.wav  when each word was said
  nemo transcribe --model model.nemo --format srt a.wav  subtitles; more: nemo transcribe --help
  nemo speak "Hello." --model vits.nemo -o hello.wav      text to speech; more: nemo speak --help
  nemo export model.nemo model.onnx --int8               for programs without this toolkit
"""


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command line."""
    parser = argparse.ArgumentParser(
        prog="nemo",
        description="Use trained models from the command line. Training: examples/, or make demo.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"nemo {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in (info, transcribe, speak, export):
        command.add_parser(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one subcommand.

    Args:
        arguments: the command line without the program's name; None takes it from `sys.argv`.

    Returns:
        The exit status: 0, or 1 when something failed; argparse ends with 2 for a wrong command line.
    """
    chosen = build_parser().parse_args(arguments)
    try:
        status: int = chosen.run(chosen)
    except (NeMoBaseException, FileNotFoundError) as error:
        sys.stderr.write(f"nemo {chosen.command}: {error}\n")
        return 1
    except BrokenPipeError:  # the reader, `head` say, has seen enough
        sys.stderr.close()
        return 0
    return status
