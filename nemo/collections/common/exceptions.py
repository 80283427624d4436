"""Errors of data that collections read.

NeMoBaseException
├── ManifestError (ValueError)     a manifest cannot be read; the message names the file, the line and the key
├── AudioFileError (ValueError)    a recording cannot be read or used; the message names the file
├── SegmentFileError (ValueError)  subtitles or alignments cannot be read, or segments lack what a format needs
├── TextFileError (ValueError)     a file of texts or labels cannot be read or used; the message names file and line
└── LanguageModelError (ValueError) an n-gram model, a lexicon or a list of phrases cannot be read

Each is made from one string, so that it keeps its class and its message on the way out of a loader's worker.
"""

from nemo.utils.exceptions import NeMoBaseException


class ManifestError(NeMoBaseException, ValueError):
    """A manifest cannot be read; the message names the file, the line and the key."""


class AudioFileError(NeMoBaseException, ValueError):
    """A recording cannot be read or used; the message names the file."""


class SegmentFileError(NeMoBaseException, ValueError):
    """A file of subtitles or alignments cannot be read, or segments lack what its format needs."""


class TextFileError(NeMoBaseException, ValueError):
    """A file of texts or of their labels cannot be read or used; the message names the file and the line."""


class LanguageModelError(NeMoBaseException, ValueError):
    """An n-gram language model, a lexicon or a list of phrases cannot be read; the message names the file."""
