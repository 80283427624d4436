"""Reading and writing archives and checkpoints that may come from strangers.

One reader serves every path that opens a file from outside. A file is refused as a whole or used as a whole: nothing
is written, imported or built before all of it is checked.
"""

from nemo.utils.lazy import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "checkpoint": ["load_checkpoint"],
        "plain": ["load_plain"],
        "safe_yaml": ["config_from_tree", "load_config"],
        "tar_reader": ["ArchiveReader"],
        "tar_writer": ["write_archive"],
        "targets": ["TargetPolicy", "active_policy", "buildable_from_archives", "register_known_class"],
        "weights": ["load_weights", "save_weights"],
    },
)
