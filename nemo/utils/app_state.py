"""What belongs to the process and not to a model: ranks, the run's folder, which models came from which archive."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar


@dataclass
class ModelMetadata:
    """Where a model came from."""

    guid: str
    restoration_path: str | None = None
    """The `.nemo` archive that it was restored from."""


@dataclass(init=False)
class AppState:
    """State of this process; `AppState()` always gives the same object.

    Users' code and launchers read and set it. Our own code takes such things as arguments where it can.
    """

    device_id: int | None = None
    local_rank: int | None = None
    global_rank: int | None = None
    world_size: int | None = None
    random_seed: int | None = None

    model_parallel_size: int | None = None
    tensor_model_parallel_size: int | None = None
    tensor_model_parallel_rank: int | None = None
    tensor_model_parallel_group: Any = None
    pipeline_model_parallel_size: int | None = None
    pipeline_model_parallel_rank: int | None = None
    pipeline_model_parallel_group: Any = None
    pipeline_model_parallel_split_rank: int | None = None
    virtual_pipeline_model_parallel_size: int | None = None
    virtual_pipeline_model_parallel_rank: int | None = None
    expert_model_parallel_size: int | None = None
    expert_model_parallel_rank: int | None = None
    context_parallel_size: int | None = None
    context_parallel_rank: int | None = None
    data_parallel_size: int | None = None
    data_parallel_rank: int | None = None
    data_parallel_group: Any = None
    use_fp8: bool = False

    log_dir: Path | None = None
    """Folder of the run, set by exp_manager."""
    exp_dir: str | None = None
    name: str | None = None
    version: str | None = None
    checkpoint_name: str | None = None
    create_checkpoint_callback: bool | None = None
    checkpoint_callback_params: Any = None
    files_to_copy: list[str] | None = None
    files_to_move: list[Path] | None = None
    cmd_args: str | None = None

    model_restore_path: str | None = None
    is_model_being_restored: bool = False
    nemo_file_folder: str | None = None
    """Folder with the members of the archive that is being restored."""
    _models: dict[str, ModelMetadata] = field(default_factory=dict, repr=False)

    _instance: ClassVar[AppState | None] = None

    def __new__(cls) -> AppState:
        """The one state of this process, made on the first call."""
        if AppState._instance is None:
            state = AppState._instance = super().__new__(cls)
            for entry in fields(cls):
                setattr(state, entry.name, {} if entry.name == "_models" else entry.default)
        return AppState._instance

    def register_model_guid(self, guid: str, restoration_path: str | None = None) -> None:
        """Remembers a model, and the archive that it was restored from."""
        self._models[guid] = ModelMetadata(guid, None if restoration_path is None else str(restoration_path))

    def get_model_metadata_from_guid(self, guid: str) -> ModelMetadata:
        """What was registered for a model.

        Raises:
            KeyError: no model of this guid was built in this process.
        """
        if guid not in self._models:
            raise KeyError(f"no model with guid {guid!r} was built in this process")
        return self._models[guid]

    def reset_model_guid_registry(self) -> None:
        """Forgets all models."""
        self._models.clear()
