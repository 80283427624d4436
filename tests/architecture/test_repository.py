"""What lies in the repository: nothing large, nothing of one machine, YAML that parses, a complete house."""

import re

import pytest
import yaml

from tests.architecture.source_tree import ROOT, repository_files, short

LARGEST_BYTES = 1_000_000
HOUSE = [
    *("README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "constraints.txt", "Makefile", ".ci/run"),
    *("docs/architecture.md", "docs/dependencies.md", "docs/versions.md", "docs/compatibility.md"),
]
TEXT_SUFFIXES = {".py", ".md", ".toml", ".txt", ".yaml", ".yml", ".cfg", ".sh", ""}
OF_ONE_MACHINE = re.compile(
    r"/(?:home|Users|root|work)/\w|/tmp/\w+/\w|--(?:extra-)?index-url|\b(?:pypi|files)\.[a-z.]*org\b"
)
MAY_NAME_FOLDERS = {"tests/architecture/test_repository.py"}


def test_no_large_files():
    large = {short(path): path.stat().st_size for path in repository_files() if path.stat().st_size > LARGEST_BYTES}
    assert not large, large


def test_no_paths_of_one_machine_and_no_registry_hosts():
    found = []
    for path in repository_files():
        if path.suffix in TEXT_SUFFIXES and short(path) not in MAY_NAME_FOLDERS:
            for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
                if OF_ONE_MACHINE.search(line):
                    found.append(f"{short(path)}:{number}: {line.strip()[:80]}")
    assert not found, found


def test_yaml_files_parse():
    files = [path for path in repository_files() if path.suffix in {".yaml", ".yml"}]
    broken = {}
    for path in files:
        try:
            yaml.safe_load(path.read_text(encoding="utf-8"))
        except yaml.YAMLError as error:
            broken[short(path)] = str(error)
    assert not broken


@pytest.mark.parametrize("name", HOUSE)
def test_the_house_is_complete(name):
    assert (ROOT / name).is_file()


def test_constraints_name_versions_only():
    lines = [line for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
    pin = re.compile(r'^[A-Za-z0-9_.-]+==[0-9][0-9a-z.]*( ; python_version >= "3\.\d+")?$')
    assert not [line for line in lines if not pin.match(line)]
    assert "torch==2.13.0" in lines
