"""Many micrographs, and a SLURM of one node, for the tests that need them."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from deepem.io import open_micrograph, place_picks, read_picks, write_mrc
from deepem.networks import save_model
from deepem.simulation import make_phantom, simulate_dataset, write_scene
from deepem.training import train

_PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "sinfo")


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """200 micrographs of 256 x 256 px, each another, in ``mics``, and a model ``m.deepem``.

    They are made once, for all processes that share the tests.
    """
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # of this run, and no other
    folder = base / "many"
    with (base / "many.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "m.deepem").exists():
            _make_many(folder)
    return folder


def _make_many(folder: Path) -> None:
    """Make what `many` describes, the model last."""
    scenes = list(
        simulate_dataset(
            make_phantom("apoferritin"), 6, n_particles=12, pixel_size_angstrom=4.0, seed=0,
            shape=(256, 256), snr=0.3,
        )
    )  # fmt: skip
    paths = [write_scene(scene, folder / "labelled") for scene in scenes]
    micrographs = [open_micrograph(path) for path in paths]
    picks = [
        place_picks(read_picks(path.with_suffix(".box"))[0], micrograph)
        for path, micrograph in zip(paths, micrographs, strict=True)
    ]
    noise = np.random.default_rng(0)
    for number in range(200):
        pixels = np.rot90(micrographs[number % 6].pixels(), number // 6)
        pixels = pixels + noise.normal(scale=0.1 * pixels.std(), size=pixels.shape)
        path = folder / "mics" / f"mic_{number:04d}.mrc"
        write_mrc(path, pixels.astype(np.float32), pixel_size_angstrom=4.0)
    save_model(train(micrographs, picks, network="deepem8", epochs=25), folder / "m.deepem")


@dataclass(frozen=True)
class Slurm:
    """A SLURM that runs. Its programs find it by the environment of this process."""

    folder: Path

    def list_jobs(self) -> list[str]:
        """Numbers of the jobs that run."""
        command = ["squeue", "--noheader", "--states=RUNNING", "--format=%i"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()

    def cancel(self, job: str) -> None:
        """End a job."""
        subprocess.run(["scancel", job], check=True)


@pytest.fixture(scope="session")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Generator[Slurm]:
    """A SLURM of this machine's cores in a folder of its own; skips where there is none."""
    if any(_find(name) is None for name in _PROGRAMS) or os.geteuid() != 0:
        pytest.skip("needs the packages slurm-wlm and munge, and root")
    folder = tmp_path_factory.mktemp("slurm")
    for parent in (folder, *folder.parents):  # munge wants no folder that others can write to
        if parent.is_relative_to(tmp_path_factory.getbasetemp().parent):
            parent.chmod(0o755)
    daemons: list[subprocess.Popen[bytes]] = []
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SLURM_CONF", str(folder / "slurm.conf"))
        try:
            _start_munge(folder, daemons)
            _write_config(folder)
            for name in ("slurmctld", "slurmd"):
                _start(folder, daemons, name, "-D")
            _wait_until_idle(folder)
            yield Slurm(folder)
        finally:
            subprocess.run(["scancel", "--user=root"], check=False, timeout=30)
            for daemon in reversed(daemons):
                daemon.terminate()
            for daemon in reversed(daemons):
                try:
                    daemon.wait(20)
                except subprocess.TimeoutExpired:
                    daemon.kill()
                    daemon.wait()


def _find(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")


def _start(
    folder: Path, daemons: list[subprocess.Popen[bytes]], name: str, *arguments: str
) -> None:
    program = _find(name)
    assert program is not None
    with (folder / f"{name}.out").open("wb") as log:
        daemons.append(subprocess.Popen([program, *arguments], stdout=log, stderr=log))


def _start_munge(folder: Path, daemons: list[subprocess.Popen[bytes]]) -> None:
    private = folder / "munge"
    private.mkdir(mode=0o700)
    key = private / "key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o400)
    sockets = folder / "munge_socket"
    sockets.mkdir(mode=0o755)
    _start(
        folder,
        daemons,
        "munged",
        "--foreground",
        "--force",
        f"--key-file={key}",
        f"--socket={sockets / 'socket'}",
        f"--pid-file={private / 'pid'}",
        f"--seed-file={private / 'seed'}",
        f"--log-file={private / 'log'}",
    )
    deadline = time.monotonic() + 20
    while not (sockets / "socket").exists():
        assert time.monotonic() < deadline, (folder / "munged.out").read_text()
        time.sleep(0.1)


def _write_config(folder: Path) -> None:
    host = socket.gethostname().split(".")[0]
    controller_port, node_port = _find_free_ports()
    n_cores = len(os.sched_getaffinity(0))
    for name in ("state", "spool"):
        (folder / name).mkdir()
    (folder / "slurm.conf").write_text(f"""
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge_socket/socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
KillWait=5
NodeName={host} NodeAddr=127.0.0.1 CPUs={max(4, n_cores)} RealMemory=8000 State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
""")


def _find_free_ports() -> list[int]:
    with socket.socket() as one, socket.socket() as other:
        ports = []
        for free in (one, other):
            free.bind(("127.0.0.1", 0))
            ports.append(free.getsockname()[1])
        return ports


def _wait_until_idle(folder: Path) -> None:
    deadline = time.monotonic() + 60
    answer = ""
    while time.monotonic() < deadline:
        command = ["sinfo", "--noheader", "--format=%t"]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        answer = result.stdout.strip() or result.stderr
        if result.stdout.strip() == "idle":
            return
        time.sleep(0.3)
    logs = {log.name: log.read_text()[-1500:] for log in folder.glob("slurm*.log")}
    pytest.fail(f"SLURM did not start: {answer} {logs}")
