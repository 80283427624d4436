"""Errors of the toolkit.

NeMoBaseException
├── ConfigError (ValueError)          a configuration says something that cannot be done
├── ShapeError (ValueError)           a tensor has the wrong shape
├── MissingDependencyError (ImportError)  an optional package is needed
├── NotYetSupportedError (NotImplementedError)  the original offers it, this release does not
│   └── AbsentNameError (ImportError)  a class of the original that this release does not have was imported
├── DownloadError (OSError)            a file cannot be had from its address, or is not what was announced
├── WriteError (OSError)               a file could not be written; what was there before is intact
├── NonFiniteError (ArithmeticError)  training met losses or gradients that are NaN or infinite, and ended
├── ExportError (RuntimeError)        a module cannot be exported, or the exported file computes something else
└── ArchiveError (ValueError)         a `.nemo` archive or a checkpoint cannot be read
    ├── WeightsMismatchError (RuntimeError)  its weights do not fit the model that its config describes
    └── UnsafeArchiveError            it holds something that could harm; nothing of it was used
        └── UnsafeTargetError         its config names a class that archives may not build

Every message says what was wrong (with the value and its place), what was expected, and how to mend it.
"""


class NeMoBaseException(Exception):
    """Base of all errors that the toolkit raises on purpose."""


class ConfigError(NeMoBaseException, ValueError):
    """A configuration says something that cannot be done; the message names the key."""


class ShapeError(NeMoBaseException, ValueError):
    """A tensor has the wrong shape; the message gives the shape found and the one expected."""


class MissingDependencyError(NeMoBaseException, ImportError):
    """An optional package is needed for what was asked; the message names the extra to install."""


class NotYetSupportedError(NeMoBaseException, NotImplementedError):
    """The original toolkit offers this and this release does not."""


class AbsentNameError(NotYetSupportedError, ImportError):
    """A class of the original that this release does not have was imported; the message says what to use instead."""


class DownloadError(NeMoBaseException, OSError):
    """A file cannot be had from its address, or is not what was announced; the message names both."""


class WriteError(NeMoBaseException, OSError):
    """A file could not be written; what was there before is intact. The message names the file and the bytes."""


class NonFiniteError(NeMoBaseException, ArithmeticError):
    """Training met losses or gradients that are NaN or infinite, and ended; the message names the batch."""


class ExportError(NeMoBaseException, RuntimeError):
    """A module cannot be exported, or the exported file computes something else; the message names the file."""


class ArchiveError(NeMoBaseException, ValueError):
    """A `.nemo` archive or a checkpoint cannot be read; the message names the file."""


class WeightsMismatchError(ArchiveError, RuntimeError):
    """The weights in an archive do not fit the model that its config describes; the message names the tensors."""


class UnsafeArchiveError(ArchiveError):
    """An archive holds something that could harm; the message names the member or key, and nothing was used."""


class UnsafeTargetError(UnsafeArchiveError):
    """The config inside an archive names a class that archives may not build."""
