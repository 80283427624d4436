"""Data formats that the collections share, and loaders that know their place in the data."""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "concat": ["ConcatDataset", "ConcatMapDataset"],
        "manifest": ["ManifestEntry", "read_manifest", "write_manifest"],
        "nemo.collections.common.audio.code_switched": ["CodeSwitchedDataset"],
        "parsers": ["CharParser", "make_parser"],
    },
    submodules=["manifest", "parsers"],
)
