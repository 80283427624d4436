"""What every model offers besides its network: a catalogue of published ones and `from_pretrained`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from nemo.core.classes.file_io import FileIO
from nemo.core.classes.pretrained import PretrainedModelInfo, cached_file
from nemo.core.classes.serialization import Serialization
from nemo.core.classes.type_checking import Typing
from nemo.utils.spelling import nearest_names


class Model(Typing, Serialization, FileIO, ABC):
    """Interface of all models; :class:`~nemo.core.classes.model_pt.ModelPT` implements it."""

    @classmethod
    @abstractmethod
    def list_available_models(cls) -> list[PretrainedModelInfo] | None:
        """The published models that this class restores; None or an empty list if there are none."""

    @classmethod
    def get_available_model_names(cls) -> list[str]:
        """The names that :meth:`from_pretrained` takes."""
        return [info.pretrained_model_name for info in cls.list_available_models() or []]

    @classmethod
    def from_pretrained(
        cls,
        model_name: str,
        refresh_cache: bool = False,
        override_config_path: Any = None,
        map_location: Any = None,
        strict: bool = True,
        return_config: bool = False,
        trainer: Any = None,
        save_restore_connector: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Restores a published model, from the cache if it is there.

        Args:
            model_name: a name of :meth:`list_available_models`, or `organisation/name` of a repository of the Hugging
                Face Hub.
            refresh_cache: download again even if the file is cached; otherwise nobody is asked when it is.
            override_config_path: a YAML file or DictConfig used instead of the archive's config.
            map_location: where the weights go; None: the GPU if there is one, else the CPU.
            strict: the state dict must fit exactly.
            return_config: return only the config.
            trainer: passed on to the model.
            save_restore_connector: a connector of one's own.
            kwargs: more arguments of `restore_from`, such as `trusted_targets`.

        Raises:
            FileNotFoundError: no published model has this name.
            ValueError: the download failed.
        """
        path, restoring_class = cls.pretrained_file(model_name, refresh_cache)
        return restoring_class.restore_from(
            restore_path=str(path),
            override_config_path=override_config_path,
            map_location=map_location,
            strict=strict,
            return_config=return_config,
            trainer=trainer,
            save_restore_connector=save_restore_connector,
            **kwargs,
        )

    @classmethod
    def pretrained_file(cls, model_name: str, refresh_cache: bool = False) -> tuple[Path, Any]:
        """The local `.nemo` file of a published model, downloaded if needed, and the class that restores it."""
        if "/" in model_name:
            from nemo.core.hub.repository import model_in_repository

            return model_in_repository(model_name, refresh_cache), cls
        info = cls._find_pretrained(model_name)
        is_mine = info.class_ is not None and issubclass(info.class_, cls)
        return cached_file(info, refresh_cache), info.class_ if is_mine else cls

    @classmethod
    def _find_pretrained(cls, model_name: str) -> PretrainedModelInfo:
        available = cls.list_available_models() or []
        for info in available:
            if model_name == info.pretrained_model_name or model_name in (info.aliases or []):
                return info
        names = [info.pretrained_model_name for info in available]
        close = nearest_names(model_name, names)
        raise FileNotFoundError(
            f"{cls.__name__} knows no published model {model_name!r}. "
            + (f"Did you mean {' or '.join(map(repr, close))}? " if close else "")
            + f"{cls.__name__}.list_available_models() lists all {len(names)}; a model of the Hugging Face Hub is "
            "named 'organisation/name'; a file is opened with restore_from(path)."
        )

    @classmethod
    def search_huggingface_models(cls, model_filter: dict[str, Any] | None = None) -> list[Any]:
        """Searches the Hugging Face Hub.

        Args:
            model_filter: arguments of `HfApi.list_models`; default :meth:`get_hf_model_filter`. The keys
                `resolve_card_info` (fetch each model's card) and `limit_results` are taken out first.
        """
        from huggingface_hub import HfApi

        arguments = dict(model_filter if model_filter is not None else cls.get_hf_model_filter())
        cards = arguments.pop("resolve_card_info", False)
        limit = arguments.pop("limit_results", None)
        return list(HfApi().list_models(cardData=cards, limit=limit, **arguments))

    @classmethod
    def get_hf_model_filter(cls) -> dict[str, Any]:
        """Arguments of a Hub search for models of this toolkit; change them and pass them on."""
        return {"filter": "nemo", "resolve_card_info": False, "limit_results": None}

    def push_to_hf_hub(self, repo_id: str, **options: Any) -> str:
        """Publishes this model on the Hugging Face Hub: its `.nemo` file and a card.

        Args:
            repo_id: `organisation/name`, or `name` for the user's own.
            options: `pack_nemo_file`, `model_card`, `commit_message`, `private`, `token`, `branch` and others of
                :func:`nemo.core.hub.publish.publish_model`.

        Returns:
            The address of the commit.
        """
        from nemo.core.hub.publish import publish_model

        return publish_model(self, repo_id, **options)  # type: ignore[arg-type]  # every Model is a ModelPT
