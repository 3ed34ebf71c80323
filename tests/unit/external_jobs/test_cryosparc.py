"""A cryoSPARC External job: what is asked of the server, and what is saved on it.

There is no server here. A stand-in takes the calls with the signatures of cryosparc-tools 5, and
its data sets are of the real class.
"""

import sys
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from deepem.core import Picks
from deepem.errors import ConfigError, MicrographError, MissingExtraError
from deepem.external_jobs.cryosparc import connect_to_cryosparc, pick_in_cryosparc
from deepem.io import write_mrc

SHAPE = (40, 60)


class OnePick:
    """A picker that finds one particle, off centre."""

    def pick(self, micrograph):
        """As a real one."""
        return Picks(
            micrograph.name, [45], [10], score=[0.75], std=[2], box_size_px=15,
            frame=micrograph.frame, listing=micrograph.listing,
        )  # fmt: skip


@pytest.fixture
def job(tmp_path):
    """A stand-in for an External job, with two micrographs in the project's folder."""
    dataset = pytest.importorskip("cryosparc.dataset")
    controllers = pytest.importorskip("cryosparc.controllers.job")
    exposures = dataset.Dataset.allocate(
        2,
        [
            ("micrograph_blob/path", "O"),
            ("micrograph_blob/psize_A", "<f4"),
            ("mscope_params/exp_group_id", "<u4"),
        ],
    )
    exposures["uid"] = [2**63 + 7, 8]
    exposures["micrograph_blob/path"] = ["J2/motioncorrected/7_a.mrc", "J2/motioncorrected/8_b.mrc"]
    exposures["micrograph_blob/psize_A"] = 1.06
    exposures["mscope_params/exp_group_id"] = 3
    for path in exposures["micrograph_blob/path"]:
        pixels = np.random.default_rng(1).normal(size=SHAPE).astype(np.float32)
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        write_mrc(tmp_path / path, pixels, pixel_size_angstrom=1)
    job = mock.create_autospec(controllers.ExternalJobController, instance=True)
    job.uid = "J15"
    job.load_input.return_value = exposures
    # What cryoSPARC 4 has in these slots; another version may want another field.
    fields = [
        ("location/micrograph_uid", "<u8"),
        ("location/exp_group_id", "<u4"),
        ("location/micrograph_path", "O"),
        ("location/micrograph_shape", "<u4", (2,)),
        ("location/micrograph_psize_A", "<f4"),
        ("location/center_x_frac", "<f4"),
        ("location/center_y_frac", "<f4"),
        ("pick_stats/ncc_score", "<f4"),
        ("pick_stats/power", "<f4"),
        ("pick_stats/new_in_version_6", "<f4"),
    ]
    job.alloc_output.side_effect = lambda name, uid: dataset.Dataset({"uid": uid}).add_fields(
        fields
    )
    return job


@pytest.fixture
def server(job, tmp_path):
    tools = pytest.importorskip("cryosparc.tools")
    projects = pytest.importorskip("cryosparc.controllers.project")
    server = mock.create_autospec(tools.CryoSPARC, instance=True)
    project = mock.create_autospec(projects.ProjectController, instance=True)
    project.dir = Path(tmp_path)
    project.create_external_job.return_value = job
    server.find_project.return_value = project
    return server


def run(server, **options):
    return pick_in_cryosparc(
        OnePick(), server, project="P3", workspace="W1", source_job="J12", **options
    )


def test_particles_of_every_micrograph_are_saved(server, job):
    done = run(server)
    assert (done.job, done.n_micrographs, done.n_picks) == ("J15", 2, 2)
    job.connect.assert_called_once_with(
        "micrographs", "J12", "micrographs", slots=["micrograph_blob"]
    )
    job.add_output.assert_called_once_with(
        "particle", "particles", slots=["location", "pick_stats"]
    )
    name, saved = job.save_output.call_args.args
    assert name == "particles"
    assert len(set(saved["uid"])) == 2
    assert list(saved["location/micrograph_uid"]) == [2**63 + 7, 8]
    assert list(saved["location/micrograph_path"]) == [
        "J2/motioncorrected/7_a.mrc",
        "J2/motioncorrected/8_b.mrc",
    ]
    assert saved["location/micrograph_shape"].tolist() == [list(SHAPE)] * 2
    assert saved["location/micrograph_psize_A"][0] == np.float32(1.06)  # not the header's
    assert saved["location/center_x_frac"].tolist() == [0.75, 0.75]
    assert saved["location/center_y_frac"].tolist() == [0.25, 0.25]
    assert saved["location/exp_group_id"].tolist() == [3, 3]
    assert saved["pick_stats/ncc_score"].tolist() == [0.75, 0.75]
    assert saved["pick_stats/power"].tolist() == [4, 4]
    names = [call[0] for call in job.method_calls]
    assert names.index("start") < names.index("save_output") < names.index("stop")
    job.stop.assert_called_once_with()


def test_a_micrograph_that_fails_is_reported_and_left_out(server, job, tmp_path):
    (tmp_path / "J2/motioncorrected/7_a.mrc").unlink()
    picked = []
    done = run(server, report=picked.append)
    assert done.n_micrographs == 1
    assert "does not exist" in str(picked[0].error)
    assert picked[1].picks.micrograph == "8_b"
    _, saved = job.save_output.call_args.args
    assert list(saved["location/micrograph_uid"]) == [8]


def test_the_job_fails_where_no_micrograph_can_be_picked(server, job, tmp_path):
    for path in tmp_path.glob("J2/motioncorrected/*"):
        path.unlink()
    with pytest.raises(MicrographError, match="none of the 2 micrographs"):
        run(server)
    job.stop.assert_called_once_with("DeepEM: none of the 2 micrographs could be picked")
    job.save_output.assert_not_called()


def test_an_interrupted_job_does_not_look_complete(server, job):
    def interrupt(picked):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(server, report=interrupt)
    job.stop.assert_called_once_with("DeepEM: KeyboardInterrupt")


def test_what_the_server_refuses_is_said(server, job):
    job.connect.side_effect = ValueError("Source job J12 does not have output micrographs")
    with pytest.raises(ConfigError, match="does not accept P3 W1 J12 micrographs: Source job J12"):
        run(server)


def test_without_the_package_the_cure_is_given(monkeypatch):
    monkeypatch.setitem(sys.modules, "cryosparc.tools", None)
    with pytest.raises(MissingExtraError, match=r"cryosparc-tools.*deepem\[cryosparc\]"):
        connect_to_cryosparc()


def test_without_a_server_the_cure_is_given(monkeypatch):
    tools = pytest.importorskip("cryosparc.tools")
    refused = mock.Mock(side_effect=TypeError("Must specify either base_url or host"))
    monkeypatch.setattr(tools, "CryoSPARC", refused)
    with pytest.raises(ConfigError, match=r"Must specify.*CRYOSPARC_BASE_URL.*login"):
        connect_to_cryosparc()
