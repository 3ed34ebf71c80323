"""Jobs and models over HTTP."""

from deepem.studio.jobs.folder import JobFolder
from deepem.studio.jobs.record import JobRequest, JobStatus, now


def test_a_job_is_made_shown_and_stopped(client, project):
    answer = client.post("/api/jobs", json={"kind": "train", "options": {"updates": 5000}})
    assert answer.status_code == 201
    job = answer.json()
    assert (job["id"], job["kind"], job["state"]) == ("0001", "train", "queued")
    assert job["options"]["labels"] == "auto"
    assert (job["curve"], job["log"], job["result"], job["problem"]) == ([], [], {}, None)
    assert client.get("/api/jobs/0001").json()["title"] == job["title"]
    assert [item["id"] for item in client.get("/api/jobs").json()["jobs"]] == ["0001"]
    assert client.post("/api/jobs/0001/cancel", json={}).status_code == 200
    while client.get("/api/jobs/0001").json()["state"] not in ("cancelled", "failed", "done"):
        pass
    assert client.get("/api/jobs/0001").json()["state"] == "cancelled"


def test_what_is_missing_is_said_with_the_field(client, project):
    project.update(diameter_angstrom=None)
    answer = client.post("/api/jobs", json={"kind": "train", "options": {}})
    assert answer.status_code == 422
    assert answer.json()["error"]["field"] == "diameter"
    assert "ruler" in answer.json()["error"]["message"]
    answer = client.post("/api/jobs", json={"kind": "pick", "options": {"model": "001"}})
    assert answer.status_code == 404
    for wrong in ({"kind": "dance"}, {"kind": "train", "options": 1}, {"options": {}}):
        assert client.post("/api/jobs", json=wrong).status_code == 422


def test_unknown_jobs_are_a_404(client):
    for path in ("/api/jobs/0007", "/api/jobs/0007/picture"):
        assert client.get(path).status_code == 404
    assert client.post("/api/jobs/0007/cancel").status_code == 404


def test_the_picture_of_a_job_is_sent(client, project):
    request = JobRequest(kind="check", title="Check", created=now())
    folder = JobFolder.create(project.jobs_dir, request)
    folder.write_status(JobStatus(state="done"))
    assert client.get("/api/jobs/0001/picture").status_code == 404
    folder.picture_path.write_bytes(b"\x89PNG a picture")
    answer = client.get("/api/jobs/0001/picture")
    assert answer.headers["content-type"] == "image/png"
    assert answer.content == b"\x89PNG a picture"


def test_no_link_in_the_folder_of_jobs_is_followed(client, project, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "secret.txt").write_text("not for everybody")
    request = JobRequest(kind="check", title="Check", created=now())
    folder = JobFolder.create(project.jobs_dir, request)
    folder.write_status(JobStatus(state="done"))
    assert folder.read_log() == ()
    for path in (folder.log_path, folder.picture_path):
        path.symlink_to(elsewhere / "secret.txt")
    assert client.get("/api/jobs/0001").json()["log"] == []
    assert client.get("/api/jobs/0001/picture").status_code == 404
    (project.jobs_dir / "0002").symlink_to(elsewhere)
    assert client.get("/api/jobs/0002").status_code == 404
    assert JobFolder.create(project.jobs_dir, request).id == "0003"


def test_models_are_listed(client, trained):
    assert client.get("/api/models").json() == {"models": []}


def test_models_of_a_project_are_listed_with_their_figures(trained):
    from fastapi.testclient import TestClient

    from deepem.studio.app import make_app

    headers = {"Authorization": "Bearer " + "t" * 32}
    app = make_app(trained.project, token="t" * 32)
    client = TestClient(app, base_url="http://127.0.0.1", headers=headers)
    final, quick = client.get("/api/models").json()["models"]
    assert (final["id"], final["is_quick"], quick["id"]) == ("001", False, "001-quick")
    assert final["network"] == "residual"
    assert len(final["std_range"]) == 2
