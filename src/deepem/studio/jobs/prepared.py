"""A request for a job, checked: what its options have to be, said in the user's words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from deepem.errors import ConfigError

_Options = TypeVar("_Options", bound="JobOptions")


class JobOptions(BaseModel):
    """Options of a kind of job; those of a kind inherit this."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True)
class Prepared:
    """A request that can be carried out.

    Parameters
    ----------
    title
        What the job does, in a line.
    options
        The options, complete.
    """

    title: str
    options: JobOptions


def parse_options(kind: type[_Options], options: Mapping[str, Any]) -> _Options:
    """Check the options of a request.

    Raises
    ------
    deepem.errors.ConfigError
        One is unknown, missing, or has a value that it cannot have.
    """
    try:
        return kind.model_validate(dict(options))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"])) or "options"
        problem = re.sub("^Value error, ", "", first["msg"])
        if first["type"] == "extra_forbidden":
            known = ", ".join(kind.model_fields)
            problem = f"is no option of this job; it has {known}"
        raise ConfigError(field, problem[:1].lower() + problem[1:]) from error
