import threading

import pytest

from nemo.utils.file_lock import file_lock


def test_one_thread_is_inside_at_a_time_and_nothing_is_left(tmp_path):
    inside, most, entered = 0, 0, 0
    count = threading.Lock()
    start = threading.Barrier(8)

    def work():
        nonlocal inside, most, entered
        start.wait()
        for _ in range(5):
            with file_lock(tmp_path / "a.lock"):
                with count:
                    inside, entered = inside + 1, entered + 1
                    most = max(most, inside)
                with count:
                    inside -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, entered) == (1, 40)
    assert not list(tmp_path.iterdir())


def test_an_error_inside_lets_the_next_one_in(tmp_path):
    with pytest.raises(ZeroDivisionError), file_lock(tmp_path / "a.lock"):
        1 / 0  # noqa: B018
    with file_lock(tmp_path / "a.lock"):
        assert (tmp_path / "a.lock").exists()


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"), file_lock(tmp_path / "nowhere" / "a.lock"):
        pass


def test_without_locks_in_the_file_system_nobody_waits(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def no_locks(*_):
        raise OSError("Function not implemented")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with file_lock(tmp_path / "a.lock"), file_lock(tmp_path / "a.lock"):
        pass
