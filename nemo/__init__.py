"""Neural Modules: speech and language models described in YAML, trained with one command, kept in one file.

Importing this package costs next to nothing: it reads its version and installs the finder that serves the original
toolkit's import paths (:mod:`nemo.aliases`). Everything heavy is imported where it is used.
"""

from nemo.aliases import install_alias_finder
from nemo.package_info import __version__

install_alias_finder()

__all__ = ["__version__"]
