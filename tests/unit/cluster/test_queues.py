"""What a site's options may be, and what they become in a job."""

import pytest

from deepem.cluster.queue_options import parse_walltime, read_queue_options
from deepem.cluster.queues import QueueBackend
from deepem.errors import ConfigError, FileFormatError

pytest.importorskip("dask_jobqueue")

NEEDED = "cores = 4\nmemory = '8GB'\n"


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "site.toml"
        path.write_text(text)
        return path

    return write


def test_a_table_for_each_system_or_one_for_all(write):
    flat = read_queue_options(write(NEEDED), "slurm")
    tables = read_queue_options(write(f"[pbs]\ncores = 9\n[slurm]\n{NEEDED}"), "slurm")
    assert flat == tables
    assert flat.for_jobs == {"cores": 4, "memory": "8GB", "processes": 4}
    assert (flat.n_jobs, flat.wait_hours) == (1, 24)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("memory = '8GB'", "cores: is missing in .*site.toml"),
        ("cores = 4", "memory: is missing in .*site.toml.*'16GB'"),
        (NEEDED + "partition = 'long'", "partition: .*site.toml: no such option.*queue"),
        (NEEDED + "wall_time = '1:00'", "wall_time: .*did you mean walltime"),
        (NEEDED + "processes = 5", "processes: .*cannot exceed cores, 4; got 5"),
        (NEEDED + "jobs = 0", "jobs: .*must be above 0, got 0"),
        (NEEDED + "jobs = true", "jobs: .*must be a whole number, got True"),
        (NEEDED + "walltime = 'long'", "walltime: .*'04:00:00'.*got 'long'"),
        (NEEDED + "job_extra_directives = '-q'", "job_extra_directives: .*a list of texts"),
        ("cores = 4\nmemory = 'much'", "memory: .*'16GB', got 'much'"),
        (f"[pbs]\n{NEEDED}", r"slurm: .*no table \[slurm\]"),
    ],
)
def test_options_that_cannot_work_are_named_with_the_cure(write, text, message):
    with pytest.raises(ConfigError, match=message):
        QueueBackend("slurm", write(text))


def test_what_is_no_toml_is_said(write, tmp_path):
    with pytest.raises(FileFormatError, match=r"site\.toml: cannot be read as TOML"):
        read_queue_options(write("cores: 4"), "slurm")
    with pytest.raises(FileFormatError, match="absent"):
        read_queue_options(tmp_path / "absent", "slurm")


def test_unknown_systems_are_named(write):
    with pytest.raises(ConfigError, match=r"'cloud'.*slurm, pbs, lsf, sge"):
        QueueBackend("cloud", write(NEEDED))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30", 1800), ("02:30", 9000), ("01:00:10", 3610), ("1-12:00:00", 129600), ("2-0", 172800)],
)
def test_walltimes(text, seconds):
    assert parse_walltime(text) == seconds


@pytest.mark.parametrize("kind", ["slurm", "pbs", "lsf", "sge"])
def test_jobs_are_as_asked_for_and_end_in_time(write, kind):
    text = NEEDED + "queue = 'long'\nwalltime = '10:00'\njob_extra_directives = ['--special']\n"
    text += "scheduler_options = { dashboard_address = ':0' }\n"
    text += "lsf_units = 'MB'\n" if kind == "lsf" else ""
    backend = QueueBackend(kind, write(text), n_jobs=3)
    assert backend.describe() == f"in 3 {kind.upper()} jobs of 4 processes"
    with backend._start_cluster() as cluster:
        script = cluster.job_script()
    assert "--nworkers 4" in script
    assert "--nthreads 1" in script
    assert "--lifetime 35100s --lifetime-stagger 300s" in script
    assert "long" in script
    assert "--special" in script


def test_a_lifetime_of_your_own_is_kept(write):
    text = NEEDED + "worker_extra_args = ['--lifetime', '1h']\n"
    text += "scheduler_options = { dashboard_address = ':0' }\n"
    with QueueBackend("slurm", write(text))._start_cluster() as cluster:
        assert cluster.job_script().count("--lifetime") == 1
