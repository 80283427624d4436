"""`@hydra_runner`: gives a script its configuration, from a dataclass, a YAML file and the command line.

The command line wins over the YAML file, which wins over the dataclass. The work is done by Hydra (https://hydra.cc);
here it is told where to look, its working directory is left alone, and mistakes get an answer that says what to write.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import InterpolationToMissingValueError, MissingMandatoryValue, OmegaConfBaseException

from nemo.core.config.command_line import (
    CommandLine,
    adapt_overrides,
    parse_command_line,
    unknown_keys,
)
from nemo.core.config.explain import explain_composition, explain_missing, say_where
from nemo.core.config.keys import missing_keys
from nemo.core.config.places import ConfigPlaces
from nemo.core.config.resolvers import register_resolvers
from nemo.core.config.trainer_devices import translate_gpus
from nemo.utils.exceptions import ConfigError
from nemo.utils.spelling import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

Task = Callable[[DictConfig], Any]

HYDRA_SETTINGS = ("hydra.output_subdir=null", "hydra/job_logging=stdout", "hydra.run.dir=.")
"""No folder for each run and no change of the working directory: that is the experiment manager's business."""

HELP = """\
How to change the configuration on the command line:
  {script} key=value          set a value, for example {example}
  {script} 'key=[0.9, 0.99]'  set a list
  {script} +key=value         add a key that is not there
  {script} '~key'             remove a key or a whole section
  {script} --config-path FOLDER --config-name NAME
                              take another configuration file, FOLDER/NAME.yaml
A value that is ??? has to be given. Hydra's own options: {script} --hydra-help

The configuration, with what the command line has changed so far:
"""


def hydra_runner(
    config_path: str | None = ".", config_name: str | None = None, schema: type | None = None
) -> Callable[[Task], Callable[..., Any]]:
    """Decorates a script's main function so that it is called with the configuration.

    The decorated function is called without arguments, and reads the command line; or with a configuration, and calls
    the function with it, without Hydra.

    Args:
        config_path: folder of the configuration file, relative to the script's file.
        config_name: name of the file, with or without `.yaml`.
        schema: dataclass with the defaults and types of the configuration; with it the file may be missing, and keys
            that the dataclass does not have are errors.
    """

    def decorate(task: Task) -> Callable[..., Any]:
        @functools.wraps(task)
        def run(cfg: DictConfig | None = None) -> Any:
            if cfg is not None:
                return task(cfg)
            return _Run(task, config_path, config_name, schema).start()

        return run

    return decorate


class _Run:
    """One call of a script: where its configuration comes from and what the user typed."""

    def __init__(self, task: Task, config_path: str | None, config_name: str | None, schema: type | None) -> None:
        self.task = task
        self.command_line: CommandLine = parse_command_line(sys.argv[1:])
        file = inspect.unwrap(task).__globals__.get("__file__")
        self.script = Path(file).resolve() if file else Path.cwd() / "script"
        self.name = (self.command_line.config_name or config_name or "").removesuffix(".yaml") or None
        self.path = self.command_line.config_path or config_path or "."
        self.schema = schema
        extra = self.command_line.config_dir
        self.extra_folder = str(Path(extra).resolve()) if extra is not None else None
        """A second folder that configurations may be in."""
        self.files: list[tuple[Path, str]] = []
        """The files that the configuration is composed of, each with the section that it fills."""
        if schema is not None and "/" in (self.name or ""):
            raise _stop(
                f"--config-name is {self.name!r}, but a script with a schema finds its configuration by name alone. "
                f"Write --config-path {Path(self.path) / Path(str(self.name)).parent} "
                f"--config-name {Path(str(self.name)).name}."
            )

    def start(self) -> None:
        """Composes the configuration and calls the task with it, by way of Hydra."""
        import hydra

        import nemo.utils.nemo_logging  # noqa: F401  a script's log lines take the toolkit's form from here on

        register_resolvers()
        folder = self._folder()
        if self.extra_folder is not None and self._has_file(self.extra_folder):  # --config-dir goes before the other
            folder, self.extra_folder = self.extra_folder, folder
        primary = self._store_schema(folder)
        overrides = self._checked_overrides(folder, primary)
        typed = sys.argv
        arguments = [*self.command_line.hydra_options, *overrides, *HYDRA_SETTINGS]
        if self.extra_folder is not None:
            arguments = ["--config-dir", self.extra_folder, *arguments]

        @functools.wraps(self.task)
        def job(cfg: DictConfig) -> Any:
            sys.argv = typed  # what logs show, and what Lightning starts further processes with
            translate_gpus(cfg)
            try:
                return self.task(cfg)
            except (MissingMandatoryValue, InterpolationToMissingValueError) as error:
                raise explain_missing(error, cfg, self._places(), self.schema) from None
            except ConfigError as error:
                say_where(error, self._places())
                raise

        sys.argv = [typed[0], *arguments]
        try:
            hydra.main(config_path=folder, config_name=primary, version_base="1.3")(job)()
        finally:
            sys.argv = typed

    def _places(self) -> ConfigPlaces:
        return ConfigPlaces(self.files)

    def _folder(self) -> str:
        """Absolute folder of the configuration file; a `pkg://` path is left as it is."""
        if "://" in self.path:
            return self.path
        candidates = [self.script.parent / self.path, Path.cwd() / self.path]
        for candidate in candidates:
            if candidate.is_dir() and self._has_file(candidate):
                # a name that leads into a folder: the file is a whole configuration, not a part under the folder's name
                file = candidate / f"{self.name}.yaml"
                self.name = file.stem
                return str(file.parent.resolve())
        existing = [candidate for candidate in candidates if candidate.is_dir()]
        if existing:
            return str(existing[0].resolve())
        if self.schema is not None:
            return str(self.script.parent)
        looked = " and ".join(dict.fromkeys(str(candidate) for candidate in candidates))
        raise _stop(
            f"The configuration folder {self.path!r} does not exist: looked at {looked}. Give it with --config-path."
        )

    def _has_file(self, folder: str | Path) -> bool:
        return self.name is not None and (Path(folder) / f"{self.name}.yaml").is_file()

    def _store_schema(self, folder: str) -> str | None:
        """Tells Hydra of the dataclasses; returns the name of the configuration to start from."""
        from hydra.core.config_store import ConfigStore

        from nemo.core.config.pytorch_lightning import TrainerConfig

        store = ConfigStore.instance()
        store.store(group="trainer", name="trainer", node=TrainerConfig)
        if self.schema is None:
            return self.name
        if not self._has_file(folder):
            if self.command_line.config_name is not None:
                raise _stop(self._not_found(folder))
            store.store(name=self.name or "config", node=self.schema)
            return self.name or "config"
        # the dataclass first, the file over it
        store.store(name=f"{self.name}_schema", node=self.schema)
        store.store(name=f"{self.name}_over_schema", node={"defaults": [f"{self.name}_schema", self.name, "_self_"]})
        return f"{self.name}_over_schema"

    def _checked_overrides(self, folder: str, primary: str | None) -> list[str]:
        """The overrides in Hydra's own spelling; ends the program with an explanation when they cannot be applied."""
        import yaml
        from hydra.errors import HydraException, MissingConfigException, OverrideParseException

        typed = self.command_line.overrides
        if "://" in folder:
            return typed
        with self._composer(folder, primary) as compose:
            try:
                base, groups = compose([])
                self.files = [(Path(folder) / f"{self.name}.yaml", ""), *_group_files(folder, groups)]
            except MissingConfigException as error:
                if error.missing_cfg_file in (primary, f"{primary}.yaml"):
                    raise _stop(self._not_found(folder)) from None
                raise _stop(str(error)) from None
            except yaml.YAMLError as error:
                raise _stop(f"The configuration file is not valid YAML: {error}") from None
            except (HydraException, OmegaConfBaseException) as error:
                raise _stop(explain_composition(error, Path(folder) / f"{self.name}.yaml", self.schema)) from None
            try:
                overrides = adapt_overrides(typed, base, set(groups))
                if self.command_line.help or self.command_line.runs_once:
                    base, _ = compose(overrides)
            except OverrideParseException as error:
                raise _stop(
                    f"{error}\nAn override is written key=value, +key=value or ~key; quote it if it holds blanks."
                ) from None
            except (HydraException, OmegaConfBaseException) as error:
                lines = unknown_keys(typed, base)
                file = Path(folder) / f"{self.name}.yaml"
                raise _stop("\n".join(lines) if lines else explain_composition(error, file)) from None
        if self.command_line.help:
            self._help(base)
        return overrides

    @contextmanager
    def _composer(
        self, folder: str, primary: str | None
    ) -> Iterator[Callable[[list[str]], tuple[DictConfig, dict[str, str]]]]:
        from hydra import compose, initialize_config_dir
        from omegaconf import open_dict

        settings = [f"hydra.searchpath=['file://{self.extra_folder}']"] if self.extra_folder is not None else []

        def composed(overrides: list[str]) -> tuple[DictConfig, dict[str, str]]:
            config = compose(primary, overrides=[*settings, *overrides], return_hydra_config=True)
            groups = {str(group): str(choice) for group, choice in config.hydra.runtime.choices.items()}
            with open_dict(config):
                del config["hydra"]
            return config, groups

        with initialize_config_dir(config_dir=folder, job_name=self.script.stem, version_base="1.3"):
            yield composed

    def _not_found(self, folder: str) -> str:
        folders = [folder] if self.extra_folder is None else [folder, self.extra_folder]
        there = sorted(path.stem for each in folders for path in Path(each).glob("*.yaml"))
        looked = " and ".join(f"{Path(each) / str(self.name)}.yaml" for each in folders)
        close = nearest(str(self.name), there)
        hint = f" Did you mean {close}?" if close else f" There is: {', '.join(there)}." if there else ""
        return f"The configuration {str(self.name)!r} was not found: looked for {looked}.{hint}"

    def _help(self, config: DictConfig) -> None:
        """Prints what the script does, how to change its configuration, and the configuration; ends the program."""
        namespace = inspect.unwrap(self.task).__globals__
        about = inspect.cleandoc(namespace.get("__doc__") or self.task.__doc__ or self.script.name)
        settable = missing_keys(config)
        example = f"{settable[0]}=VALUE" if settable else "trainer.max_epochs=10"
        usage = HELP.format(script=f"python {Path(sys.argv[0]).name}", example=example)
        sys.stdout.write(f"{about}\n\n{usage}\n{OmegaConf.to_yaml(config)}")
        sys.exit(0)


def _group_files(folder: str, groups: dict[str, str]) -> list[tuple[Path, str]]:
    """The files of the config groups that were chosen; Hydra's own are not among them."""
    chosen = {group: choice for group, choice in groups.items() if not group.startswith("hydra/")}
    return [(Path(folder) / group / f"{choice}.yaml", group.replace("/", ".")) for group, choice in chosen.items()]


def _stop(message: str) -> SystemExit:
    """What ends the program with a message on stderr and exit code 1."""
    return SystemExit(f"Error: {message}")
