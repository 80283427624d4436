import io
import os
import tarfile

import pytest

from examples.demo import debian_package
from examples.demo.debian_package import fetch_packages, package_files
from examples.demo.errors import DemoError


def ar_member(name, content):
    header = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode()
    return header + content + b"\n" * (len(content) % 2)


def make_package(files, compression="xz"):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=f"w:{compression}") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        folder = tarfile.TarInfo("./folder")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
    return b"!<arch>\n" + ar_member("debian-binary", b"2.0") + ar_member(f"data.tar.{compression}", data.getvalue())


@pytest.mark.parametrize("compression", ["xz", "gz"])
def test_files_of_a_package_are_read(tmp_path, compression):
    package = tmp_path / "speech.deb"
    package.write_bytes(make_package({"usr/a.wav": b"abc", "usr/b.txt": b""}, compression))
    assert dict(package_files(package)) == {"usr/a.wav": b"abc", "usr/b.txt": b""}


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda whole: b"<html>" + whole, "does not begin as a Debian package"),
        (lambda whole: whole[:-20], "cut short"),
        (lambda whole: whole[:72], "holds no data.tar"),
        (lambda whole: whole[:66] + b"??" + whole[68:], "damaged at byte 8"),
        (lambda whole: whole[:150] + bytes(20) + whole[170:], "cannot be read"),
    ],
)
def test_damaged_package_is_named(tmp_path, damage, message):
    package = tmp_path / "speech.deb"
    package.write_bytes(damage(make_package({"a": bytes(range(200))})))
    with pytest.raises(DemoError, match=message) as caught:
        dict(package_files(package))
    assert "speech.deb" in str(caught.value)


FAKE_CLIENT = """#!/bin/sh
echo "$@" >> calls.txt
case "$*" in
  *Dir::State*update*) touch updated ;;
  *download*) if [ -f updated ]; then for last; do :; done; touch "${last}_1.0_all.deb"; else
      echo "E: Unable to locate package" >&2; exit 100; fi ;;
esac
"""


@pytest.fixture
def fake_client(tmp_path, monkeypatch):
    client = tmp_path / "bin" / "apt-get"
    client.parent.mkdir()
    client.write_text(FAKE_CLIENT)
    client.chmod(0o755)
    monkeypatch.setenv("PATH", f"{client.parent}{os.pathsep}{os.environ['PATH']}")
    return client


def test_private_lists_are_fetched_when_the_system_has_none(tmp_path, fake_client):
    [package] = fetch_packages(["speech"], tmp_path / "packages")
    assert package.name == "speech_1.0_all.deb"
    calls = (tmp_path / "packages" / "calls.txt").read_text().splitlines()
    assert [call.split()[-1] for call in calls] == ["speech", "update", "speech"]
    assert str(tmp_path / "packages" / "lists") in calls[1]


def test_downloaded_packages_are_not_fetched_again(tmp_path, fake_client):
    fetch_packages(["speech"], tmp_path / "packages")
    (tmp_path / "packages" / "calls.txt").unlink()
    fetch_packages(["speech"], tmp_path / "packages")
    assert not (tmp_path / "packages" / "calls.txt").exists()


def test_failing_client_is_reported_with_a_way_out(tmp_path, fake_client):
    fake_client.write_text("#!/bin/sh\necho 'E: Temporary failure resolving' >&2\nexit 100\n")
    with pytest.raises(DemoError, match=r"(?s)Temporary failure resolving.*DATA=synthetic"):
        fetch_packages(["speech"], tmp_path / "packages")


def test_machine_without_client_is_told_what_to_use(tmp_path, monkeypatch):
    monkeypatch.setattr(debian_package, "package_client", lambda: None)
    with pytest.raises(DemoError, match="DATA=synthetic"):
        fetch_packages(["speech"], tmp_path / "packages")
