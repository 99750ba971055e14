"""Several processes train as one: the same images, the same noise, the same weights."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.random import SeedSequence
from numpy.testing import assert_allclose, assert_array_equal
from safetensors.torch import load_file
from sklearn.base import clone

from gahb_sk import NetworkDenoiser
from gahb_sk.images import as_images
from gahb_sk.networks import BiasFreeCNN, ResidualUNet, UNet
from gahb_sk.training import LocalEngine, Recipe, StackSource, Trainer, batches
from tests.denoisers.learned.test_network import Recorder
from tests.denoisers.learned.test_saved import _interrupted
from tests.instances import smooth_images

pytest.importorskip("lightning_fabric")

ROOT = Path(__file__).parents[2]
# 21 images in batches of 5: the last batch of an epoch leaves one process without an image.
SETTINGS = {
    "network": UNet(4, 1),
    "recipe": {"batch_size": 5},
    "max_epochs": 10,
    "random_state": 0,
}
TWO = {"engine": "fabric", "devices": 2, "device": "cpu"}

SCRIPT = """
import os, sys, torch
torch.set_num_threads(1)
from gahb_sk import NetworkDenoiser
from tests.instances import smooth_images
from tests.training.test_engines import SETTINGS
denoiser = NetworkDenoiser(
    **SETTINGS, checkpoint_dir=sys.argv[1] + "/checkpoints",
    machine={"engine": "fabric", "device": "cpu", "checkpoint_every": 0.2},
).fit(smooth_images(21))
rank = int(os.environ.get("RANK", os.environ.get("SLURM_PROCID", 0)))
denoiser.save(sys.argv[1] + f"/rank-{rank}")
torch.distributed.destroy_process_group()
"""


class OneOf(LocalEngine):
    """The place of one process among others that do not exist."""

    def __init__(self, rank, size):
        super().__init__()
        self.rank, self.size = rank, size


@pytest.fixture(scope="module")
def whole():
    """The same training in one process: 50 steps."""
    denoiser = NetworkDenoiser(**SETTINGS).fit(smooth_images(21))
    assert denoiser.n_iter_ == 50
    return denoiser


def assert_close(state, other):
    assert state.keys() == other.keys()
    for name, value in state.items():
        assert_allclose(value, other[name], atol=1e-4, err_msg=name)


@pytest.mark.parametrize("size", [2, 3, 7])
def test_batches_of_the_processes_together_are_the_batches_of_one(size, global_random_seed):
    recipe = Recipe(flips="both", patch_size=12, batch_size=5)
    source = StackSource(as_images(smooth_images(21)))

    def made(rank, size):
        root, network = SeedSequence(global_random_seed), UNet(4, 1).build()
        trainer = Trainer(
            network, recipe, (0.05, 0.5), root, {"epochs": 1}, engine=OneOf(rank, size)
        )
        return list(batches(trainer, source))

    parts = [made(rank, size) for rank in range(size)]
    for number, (clean, noise, sigma) in enumerate(made(0, 1)):
        assert_array_equal(torch.cat([part[number][0] for part in parts]), clean)
        assert_array_equal(torch.cat([part[number][1] for part in parts]), noise)
        for part in parts:
            assert_array_equal(part[number][2], sigma)


def test_two_started_processes_go_on_where_one_stopped(tmp_path, whole):
    """Fabric's own processes take over a checkpoint, and end with the weights of one process."""
    X = smooth_images(21)
    often = {"checkpoint_every": 1e-9}
    alone = NetworkDenoiser(**SETTINGS, checkpoint_dir=tmp_path, machine=often)
    _interrupted(tmp_path, 7, lambda: alone.fit(X))
    recorder = Recorder()
    together = alone.set_params(machine=TWO).set_callbacks(recorder).fit(X)
    assert recorder.ended == ["epoch"] * 9 + ["fit"]
    assert together.n_iter_ == 50 and together.n_images_seen_ == 210
    assert_close(whole.network_.state_dict(), together.network_.state_dict())
    assert_allclose(together.loss_curve_, whole.loss_curve_, rtol=1e-4)
    for mine, theirs in zip(together.history_, whole.history_, strict=True):
        assert_allclose(mine["train_psnr"], theirs["train_psnr"], atol=1e-3)


def _torchrun(script, folder):
    (folder / "script.py").write_text(script)
    command = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    return subprocess.run(
        [sys.executable, *command, str(folder / "script.py"), str(folder)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_torchrun(tmp_path, whole):
    assert _torchrun(SCRIPT, tmp_path).returncode == 0
    for rank in range(2):
        assert_close(
            whole.network_.state_dict(), load_file(tmp_path / f"rank-{rank}/model.safetensors")
        )
    assert list((tmp_path / "checkpoints").glob("step-0000000050.*"))


KILLING = """
import os, signal, sys
from pathlib import Path
from gahb_sk.training import Trainer

marker, step = Path(sys.argv[1]) / "killed", Trainer.step

def killed(self, *arguments):
    if os.environ["RANK"] == "1" and self.steps == 20 and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return step(self, *arguments)

Trainer.step = killed
"""


@pytest.mark.slow
def test_a_killed_rank_ends_the_others_and_the_same_command_goes_on(tmp_path, whole):
    script = KILLING + SCRIPT.replace('"checkpoint_every": 0.2', '"checkpoint_every": 1e-9')
    ended = _torchrun(script, tmp_path)
    assert ended.returncode != 0
    assert "rank: 1" in ended.stderr and "SIGKILL" in ended.stderr
    assert list((tmp_path / "checkpoints").glob("step-*"))
    assert _torchrun(script, tmp_path).returncode == 0
    assert_close(whole.network_.state_dict(), load_file(tmp_path / "rank-0/model.safetensors"))


@pytest.mark.slow
def test_started_processes_return_networks_larger_than_a_pipe():
    """What a process returned over 64 kB was read only after its end, which it never came to."""
    network = NetworkDenoiser(ResidualUNet(8, 2), max_images=8, random_state=0)
    alone = network.fit(smooth_images(8)).network_.state_dict()
    assert sum(value.nbytes for value in alone.values()) > 2**16
    together = clone(network).set_params(machine=TWO).fit(smooth_images(8))
    assert_close(alone, together.network_.state_dict())


@pytest.mark.slow
def test_slurm(tmp_path, whole):
    """Two processes as ``srun --ntasks-per-node=2`` would start them."""
    (tmp_path / "script.py").write_text(SCRIPT)
    processes = [
        subprocess.Popen(
            [sys.executable, str(tmp_path / "script.py"), str(tmp_path)],
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "OMP_NUM_THREADS": "1",
                "SLURM_JOB_ID": "1234",
                "SLURM_JOB_NAME": "train",
                "SLURM_NTASKS": "2",
                "SLURM_NTASKS_PER_NODE": "2",
                "SLURM_NNODES": "1",
                "SLURM_NODELIST": "localhost",
                "SLURM_PROCID": str(rank),
                "SLURM_LOCALID": str(rank),
                "SLURM_NODEID": "0",
                "MASTER_ADDR": "127.0.0.1",
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for rank in range(2)
    ]
    assert [process.wait(timeout=120) for process in processes] == [0, 0]
    assert_close(whole.network_.state_dict(), load_file(tmp_path / "rank-0/model.safetensors"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "denoiser",
    [
        NetworkDenoiser(BiasFreeCNN(4, 4), recipe={"batch_size": 6, "early_stopping": True}),
        NetworkDenoiser(ResidualUNet(4, 1), recipe={"batch_size": 6}, blind=False),
        NetworkDenoiser(UNet(4, 1), recipe={"base": "paper", "batch_size": 6}),
    ],
    ids=["early stopping", "given the noise level", "paper"],
)
def test_every_kind_of_training(denoiser):
    X = smooth_images(30)
    denoiser.set_params(max_epochs=4, random_state=0)
    alone = {n: v.clone() for n, v in denoiser.fit(X).network_.state_dict().items()}
    together = denoiser.set_params(machine=TWO).fit(X)
    assert_close(alone, together.network_.state_dict())


@pytest.mark.slow
def test_an_error_in_a_started_process_keeps_the_last_good_weights():
    recipe = {"base": "paper", "learning_rate": 1e30}
    denoiser = NetworkDenoiser(**{**SETTINGS, "recipe": recipe}, machine=TWO)
    with pytest.raises(FloatingPointError, match=r"at image \d+ with learning rate \de\+(29|30)"):
        denoiser.fit(smooth_images(21))
    assert all(value.isfinite().all() for value in denoiser.network_.state_dict().values())


def test_one_process_through_fabric(whole):
    denoiser = NetworkDenoiser(**SETTINGS, machine={"engine": "fabric", "device": "cpu"}).fit(
        smooth_images(21)
    )
    for value, other in zip(
        denoiser.network_.state_dict().values(), whole.network_.state_dict().values(), strict=True
    ):
        assert torch.equal(value, other)


def test_several_devices_want_an_engine():
    with pytest.raises(ValueError, match="engine='fabric'"):
        NetworkDenoiser(**SETTINGS, machine={"devices": 2}).fit(smooth_images(4))


def test_shares_are_all_of_it():
    for n in (0, 1, 5, 16):
        parts = [OneOf(rank, 3).share(n) for rank in range(3)]
        assert np.concatenate([np.arange(n)[part] for part in parts]).tolist() == list(range(n))


SLOW_SCRIPT = """
import sys, torch
from gahb_sk import NetworkDenoiser
from gahb_sk.networks import ResidualUNet
from tests.instances import smooth_images
from tests.training.test_engines import TWO
if __name__ == "__main__":
    denoiser = NetworkDenoiser(
        ResidualUNet(4, 1), max_images=None, time_budget=600, checkpoint_dir=sys.argv[1],
        machine={**TWO, "checkpoint_every": 0.1},
    ).fit(smooth_images(40))
    print(denoiser.transform(smooth_images(2)).shape)
"""


@pytest.mark.slow
def test_ctrl_c_ends_started_processes_and_keeps_their_weights(tmp_path):
    """Ctrl-C reaches all processes of a terminal at once."""
    (tmp_path / "script.py").write_text(SLOW_SCRIPT)
    process = subprocess.Popen(
        [sys.executable, str(tmp_path / "script.py"), str(tmp_path / "checkpoints")],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        deadline = time.monotonic() + 120
        while not list(tmp_path.glob("checkpoints/step-*")):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0 and output.strip() == "(2, 16, 16)"
    assert "interrupted after" in errors
