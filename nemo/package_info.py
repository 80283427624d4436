"""Facts about this package.

The version continues the numbering of the API it implements (1.23), so that scripts which compare
``nemo.__version__`` and archives that record ``nemo_version`` keep their meaning.
"""

MAJOR, MINOR, PATCH = 1, 24, 0
PRE_RELEASE = ""

__version__ = f"{MAJOR}.{MINOR}.{PATCH}{PRE_RELEASE}"
__shortversion__ = f"{MAJOR}.{MINOR}.{PATCH}"
__package_name__ = "nemo_toolkit"
__description__ = "Neural Modules: train speech and language models from YAML, keep each in one safe .nemo file."
__license__ = "Apache-2.0"
__keywords__ = "deep learning, speech recognition, language, text to speech, pytorch, lightning"
