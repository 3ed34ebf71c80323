"""Long work: training, picking, checking; and the models that training has made."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import FileResponse
from pydantic import Field

from deepem.errors import NotFoundError
from deepem.studio.api.context import Answer, Id, ProjectDep, Question
from deepem.studio.jobs.models import ModelSummary, list_models
from deepem.studio.jobs.queue import JobQueue
from deepem.studio.jobs.record import Job, JobKind

router = APIRouter(tags=["jobs"])


class JobQuestion(Question):
    """What to do."""

    kind: JobKind
    options: Annotated[
        dict[str, Any], Field(default_factory=dict, description="Options of this kind of job.")
    ]


class JobsAnswer(Answer):
    """All jobs, the newest first."""

    jobs: list[Job]


class ModelsAnswer(Answer):
    """All models, the newest first."""

    models: list[ModelSummary]


def _get_queue(request: Request) -> JobQueue:
    queue: JobQueue = request.app.state.jobs
    return queue


JobQueueDep = Annotated[JobQueue, Depends(_get_queue)]


@router.get("/jobs")
def list_jobs(queue: JobQueueDep) -> JobsAnswer:
    """All jobs, those of earlier servers too."""
    return JobsAnswer(jobs=queue.list())


@router.post("/jobs", status_code=201)
def submit_job(question: JobQuestion, queue: JobQueueDep) -> Job:
    """Ask for a job; it begins as soon as those before it have ended."""
    return queue.submit(question.kind, question.options)


@router.get("/jobs/{job_id}")
def read_job(job_id: Id, queue: JobQueueDep) -> Job:
    """How far a job is, what it has made, and what it says."""
    return queue.get(job_id)


@router.post("/jobs/{job_id}/cancel")
def cancel_job(job_id: Id, queue: JobQueueDep) -> Job:
    """Ask a job to stop, which takes it a second or more; one that is over stays as it is."""
    return queue.cancel(job_id)


@router.get(
    "/jobs/{job_id}/picture",
    response_class=FileResponse,
    responses={200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}},
)
def send_picture(job_id: Id, queue: JobQueueDep) -> FileResponse:
    """The picture that a job has drawn."""
    path = queue.folder(job_id).picture_path
    if path.is_symlink() or not path.is_file():  # a link may lead anywhere
        raise NotFoundError(f"job {job_id} has drawn no picture")
    return FileResponse(path, media_type="image/png", headers={"Cache-Control": "private"})


@router.get("/models")
def list_all_models(project: ProjectDep) -> ModelsAnswer:
    """The models of the project, first ones too."""
    return ModelsAnswer(models=list_models(project))
