"""Files that the user drops on the page: kept in the project, to be imported from there."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from pydantic import Field
from starlette.requests import ClientDisconnect

from deepem.errors import ConfigError
from deepem.io import write_atomically
from deepem.studio.api.context import Answer, ProjectDep
from deepem.studio.settings import ID_PATTERN

router = APIRouter(tags=["uploads"])

# What file systems take, less what a temporary name beside it needs.
_MOST_BYTES_OF_NAME = 200
_RAW_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class UploadAnswer(Answer):
    """Where a file was put."""

    path: Annotated[str, Field(description="Relative to the folder of the project.")]


async def read_body(request: Request) -> bytes:
    """The body as it is, whatever type it says it has."""
    try:
        return await request.body()
    except ClientDisconnect as error:
        raise HTTPException(400) from error


@router.post("/uploads", status_code=201, openapi_extra=_RAW_BODY)
def keep_upload(
    file_name: Annotated[str, Query(min_length=1, max_length=_MOST_BYTES_OF_NAME)],
    batch: Annotated[
        str, Query(pattern=ID_PATTERN, description="Files that belong together have the same.")
    ],
    body: Annotated[bytes, Depends(read_body)],
    project: ProjectDep,
) -> UploadAnswer:
    """Keep a file of up to 50 MB; one of the same name in the batch is replaced."""
    _require_file_name(file_name)
    path = project.uploads_dir / batch / file_name
    project.check(path.parent)
    with write_atomically(path, overwrite=True, mode="wb") as file:
        file.write(body)
    return UploadAnswer(path=path.relative_to(project.folder).as_posix())


def _require_file_name(name: str) -> None:
    is_odd = name.startswith(".") or "/" in name or "\\" in name or not name.isprintable()
    if is_odd or len(name.encode()) > _MOST_BYTES_OF_NAME:
        raise ConfigError(
            "file_name",
            f"{name!r} cannot be the name of a file here; give it a name of letters, digits, '.', "
            "'-' and '_'",
        )
