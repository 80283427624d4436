import os
from pathlib import Path

import pytest
import torch

from nemo.utils.exp_manager import check_resume
from nemo.utils.exp_manager.errors import CheckpointReadError, NotFoundError
from nemo.utils.exp_manager.resume import check_same_checkpoint
from tests.reliability import warm_processes
from tests.utils.exp_manager.runs import names, quiet_trainer, run


@pytest.fixture
def checkpoints(tmp_path):
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    return folder


def resumed_from(tmp_path, **more):
    trainer = quiet_trainer()
    check_resume(trainer, tmp_path, resume_if_exists=True, **more)
    return trainer.ckpt_path


def test_an_empty_folder_name_is_refused():
    with pytest.raises(ValueError, match="log_dir is empty"):
        check_resume(quiet_trainer(), "", resume_if_exists=True)


def test_nothing_to_resume_from(tmp_path, checkpoints):
    with pytest.raises(NotFoundError, match=r"checkpoints has no \*last.ckpt to resume from"):
        resumed_from(tmp_path)
    assert resumed_from(tmp_path, resume_ignore_no_checkpoint=True) is None


def test_missing_folder(tmp_path):
    with pytest.raises(NotFoundError, match="does not exist to resume from. Set resume_ignore_no_checkpoint"):
        resumed_from(tmp_path)


def test_the_last_checkpoint_is_taken_and_the_log_says_why(tmp_path, checkpoints, caplog):
    (checkpoints / "a--val_loss=0.1-epoch=1.ckpt").touch()
    (checkpoints / "a--val_loss=0.1-epoch=1-last.ckpt").touch()
    caplog.set_level("INFO")
    assert resumed_from(tmp_path) == str(checkpoints / "a--val_loss=0.1-epoch=1-last.ckpt")
    (record,) = [record for record in caplog.records if "resuming from" in record.getMessage()]
    assert record.getMessage().splitlines()[1:] == [
        "why: it is the last checkpoint",
        f"looked in: {checkpoints}",
        "last: a--val_loss=0.1-epoch=1-last.ckpt",
        "other checkpoints, not resumed from: a--val_loss=0.1-epoch=1.ckpt",
    ]


def test_checkpoints_that_are_not_the_last_are_named_when_the_run_starts_anew(tmp_path, checkpoints, caplog):
    (checkpoints / "a--epoch=1.ckpt").touch()
    assert resumed_from(tmp_path, resume_ignore_no_checkpoint=True) is None
    (record,) = [record for record in caplog.records if record.name.startswith("nemo")]
    assert record.levelname == "WARNING"
    assert "other checkpoints, not resumed from: a--epoch=1.ckpt" in record.getMessage()


def test_the_newest_of_two_last_ones_that_a_crash_left(tmp_path, checkpoints):
    for epoch in (9, 10):
        (checkpoints / f"a--epoch={epoch}-last.ckpt").touch()
    assert resumed_from(tmp_path).endswith("epoch=10-last.ckpt")


def test_the_younger_of_two_of_one_epoch(tmp_path, checkpoints):
    for age, loss in ((10, "0.3"), (20, "0.2")):
        path = checkpoints / f"a--val_loss={loss}-epoch=1-last.ckpt"
        path.touch()
        os.utime(path, (1000 - age, 1000 - age))
    assert resumed_from(tmp_path).endswith("val_loss=0.3-epoch=1-last.ckpt")


def test_last_checkpoints_of_different_experiments_are_refused(tmp_path, checkpoints):
    for name in ("mymodel--last.ckpt", "mymodel2--last.ckpt"):
        (checkpoints / name).touch()
    with pytest.raises(ValueError, match="several last checkpoints of different experiments, .*mymodel--last.ckpt"):
        resumed_from(tmp_path)


def test_a_run_that_has_ended_is_not_resumed_by_accident(tmp_path, checkpoints):
    (checkpoints / "a--end.ckpt").touch()
    with pytest.raises(ValueError, match="a--end.ckpt says that this run has ended"):
        resumed_from(tmp_path)
    assert resumed_from(tmp_path, resume_past_end=True) == str(checkpoints / "a--end.ckpt")


def test_unfinished_checkpoints_are_ignored(tmp_path, checkpoints):
    for name in ("a--epoch=1-last.ckpt", "a--epoch=2-last.ckpt", "a--epoch=2-last.ckpt-unfinished"):
        (checkpoints / name).touch()
    assert resumed_from(tmp_path).endswith("epoch=1-last.ckpt")


def test_what_a_killed_run_was_writing_is_removed(tmp_path, checkpoints):
    for name in ("a--last.ckpt", ".a--epoch=1.ckpt.x1_y.tmp", ".a.nemo.z9.tmp", ".other.tmp"):
        (checkpoints / name).touch()
    assert resumed_from(tmp_path).endswith("a--last.ckpt")
    assert sorted(path.name for path in checkpoints.iterdir()) == [".other.tmp", "a--last.ckpt"]


def test_another_folder_of_checkpoints(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a--last.ckpt").touch()
    assert resumed_from(tmp_path, dirpath=str(tmp_path / "elsewhere")).endswith("elsewhere/a--last.ckpt")


def test_a_given_checkpoint_is_the_start_and_what_lies_in_the_folder_wins(tmp_path, checkpoints):
    given = tmp_path / "given.ckpt"
    with pytest.raises(FileNotFoundError, match="given.ckpt, which does not exist"):
        check_resume(quiet_trainer(), tmp_path, resume_from_checkpoint=str(given))
    given.touch()
    more = {"resume_from_checkpoint": str(given), "resume_ignore_no_checkpoint": True}
    assert resumed_from(tmp_path, **more) == str(given)
    (checkpoints / "a--last.ckpt").touch()
    assert resumed_from(tmp_path, **more) == str(checkpoints / "a--last.ckpt")


def test_files_of_the_earlier_run_move_aside(tmp_path, checkpoints):
    (checkpoints / "a--last.ckpt").touch()
    for count in (0, 1):
        (tmp_path / "lightning_logs.txt").write_text(str(count))
        resumed_from(tmp_path)
        assert (tmp_path / f"run_{count}" / "lightning_logs.txt").read_text() == str(count)
        assert not (tmp_path / "lightning_logs.txt").exists()


def test_a_second_run_goes_on_where_the_first_stopped(tmp_path):
    config = {"exp_dir": str(tmp_path), "name": "a", "resume_if_exists": True, "resume_ignore_no_checkpoint": True}
    run(config, max_epochs=1)
    trainer, _, folder = run(config, max_epochs=2)
    assert trainer.global_step == 8
    assert [name for name in names(folder) if "last" in name] == ["a--val_loss=0.0154-epoch=2-last.ckpt"]
    assert (folder / "run_0" / "cmd-args.log").exists()
    assert (folder / "cmd-args.log").exists()
    assert len(list(folder.glob("version_*/events*"))) == 2


def whole(path, step):
    torch.save({"global_step": step, "state_dict": {}}, path)
    return path


def cut_off(path, step=1):
    os.truncate(whole(path, step), 100)
    return path


def test_a_damaged_last_checkpoint_gives_way_to_an_older_last_one(tmp_path, checkpoints, caplog):
    older = whole(checkpoints / "a--epoch=1-last.ckpt", 5)
    cut_off(checkpoints / "a--epoch=2-last.ckpt", 10)
    assert resumed_from(tmp_path) == str(older)
    (record,) = [record for record in caplog.records if "resuming from" in record.getMessage()]
    assert record.levelname == "WARNING"
    assert record.getMessage().endswith("damaged, ignored: a--epoch=2-last.ckpt (it is cut off)")


def test_without_another_last_one_the_next_older_is_offered(tmp_path, checkpoints):
    whole(checkpoints / "a--epoch=0.ckpt", 5)
    best = whole(checkpoints / "a--epoch=1.ckpt", 10)
    cut_off(checkpoints / "a--epoch=2-last.ckpt", 15)
    with pytest.raises(
        CheckpointReadError, match=f"epoch=2-last.ckpt is damaged: it is cut off. .*one is {best}."
    ) as e:
        resumed_from(tmp_path, resume_ignore_no_checkpoint=True)
    assert "move the damaged file away and set exp_manager.resume_from_checkpoint to it" in str(e.value)
    os.remove(checkpoints / "a--epoch=2-last.ckpt")
    more = {"resume_from_checkpoint": str(best), "resume_ignore_no_checkpoint": True}
    assert resumed_from(tmp_path, **more) == str(best)


def test_an_empty_file_counts_only_where_there_is_no_other(tmp_path, checkpoints):
    (checkpoints / "a--epoch=2-last.ckpt").touch()
    assert resumed_from(tmp_path).endswith("epoch=2-last.ckpt")
    whole(checkpoints / "a--epoch=1-last.ckpt", 5)
    assert resumed_from(tmp_path).endswith("epoch=1-last.ckpt")


def test_a_damaged_checkpoint_that_was_given_is_refused(tmp_path):
    given = cut_off(tmp_path / "given.ckpt")
    with pytest.raises(CheckpointReadError, match="resume_from_checkpoint is .*given.ckpt, and it is cut off"):
        check_resume(quiet_trainer(), tmp_path, resume_from_checkpoint=str(given))


def test_steps_decide_between_last_checkpoints_of_one_epoch_not_the_clock(tmp_path, checkpoints):
    for step, time in ((20, 10), (10, 2**33), (5, 10**6)):
        path = whole(checkpoints / f"a--val_loss=0.{step}-epoch=1-last.ckpt", step)
        os.utime(path, (time, time))
    assert resumed_from(tmp_path).endswith("val_loss=0.20-epoch=1-last.ckpt")


def decide_as_process(rank, folder):
    """Each process sees another folder, as on a shared disk that is behind; the first one's counts."""
    address = f"file://{folder}/rendezvous"
    torch.distributed.init_process_group("gloo", init_method=address, world_size=2, rank=rank)
    trainer = quiet_trainer()
    try:
        check_resume(trainer, Path(folder) / f"seen by {rank}", resume_if_exists=True)
        said = str(trainer.ckpt_path)
    except NotFoundError as error:
        said = str(error)
    (Path(folder) / f"said by {rank}").write_text(said)
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


@pytest.mark.parametrize("first_sees", [True, False])
def test_processes_that_can_talk_do_as_the_first_one(tmp_path, first_sees):
    for rank in (0, 1):
        (tmp_path / f"seen by {rank}" / "checkpoints").mkdir(parents=True)
        if first_sees or rank == 1:
            whole(tmp_path / f"seen by {rank}" / "checkpoints" / f"a--epoch={rank}-last.ckpt", 1)
    processes = [warm_processes.start(decide_as_process, rank, str(tmp_path)) for rank in (0, 1)]
    assert [warm_processes.exit_code(process) for process in processes] == [0, 0]
    said = [(tmp_path / f"said by {rank}").read_text() for rank in (0, 1)]
    assert said[0] == said[1]
    assert "seen by 0" in said[0]
    assert said[0].endswith("epoch=0-last.ckpt") == first_sees


def test_different_checkpoints_are_refused_before_training():
    class Strategy:
        def broadcast(self, value):
            return "/run/a-last.ckpt"

        def reduce_boolean_decision(self, decision, all):
            return decision

    class Two:
        world_size, global_rank, strategy = 2, 1, Strategy()
        ckpt_path = "/run/a-last.ckpt"

    check_same_checkpoint(Two())
    Two.ckpt_path = None
    with pytest.raises(CheckpointReadError, match="the first one from /run/a-last.ckpt, process 1 from None"):
        check_same_checkpoint(Two())


def test_a_folder_without_extension_is_known_by_the_end_of_its_whole_name(tmp_path, checkpoints):
    for name in ("a--val_loss=0.25-epoch=1-last", "a--val_loss=0.15-epoch=2-last"):
        (checkpoints / name).mkdir()
    assert resumed_from(tmp_path).endswith("a--val_loss=0.15-epoch=2-last")
