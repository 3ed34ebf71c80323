"""What the workers and the scheduler of a Dask cluster are asked to do. Imported where Dask is."""

from __future__ import annotations

import logging
import pickle
import threading
import time
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

from distributed import Scheduler, Worker, WorkerPlugin, get_worker

from deepem.cluster.memory import keep_freed_memory
from deepem.errors import DeepEMError

_SECONDS_FOR_FUNCTION = 2  # items that nobody wants any more wait for it in vain
_USERS = "_deepem_users"


class SharedFunction(WorkerPlugin):
    """A function that every worker has once, those that come later too.

    Parameters
    ----------
    code
        The function, pickled. It is unpickled where it is first needed.
    name
        What the scheduler and `do_item` know it by.
    version
        The version of DeepEM that pickled it.
    """

    def __init__(self, code: bytes, name: str, version: str) -> None:
        self.code, self.name, self.version = code, name, version

    def setup(self, worker: Worker) -> None:
        """Begin to serve a worker."""
        keep_freed_memory()
        self._lock = threading.Lock()
        self._function: Any = None

    def get(self) -> Any:
        """The function itself."""
        with self._lock:
            if self._function is None:
                here = version("deepem")
                if self.version != here:
                    raise ImportError(f"it has version {here} of deepem")
                self._function = pickle.loads(self.code)  # noqa: S301 (from our own client)
            return self._function


def do_item(name: str, code: bytes) -> bytes:
    """Apply a shared function to one item.

    Parameters
    ----------
    name
        Of the `SharedFunction`.
    code
        The item, pickled: so that Dask does not look for its own things in it.

    Returns
    -------
    answer
        Pickled: what kind of answer it is ("result", "error" or "unable"), the result or the
        error, and what was logged meanwhile.
    """
    try:
        function = _find_function(name)
        item = pickle.loads(code)  # noqa: S301 (from our own client)
    except Exception as error:
        return pickle.dumps(("unable", f"{type(error).__name__}: {error}", []))
    with _kept_log() as records:
        try:
            answer = ("result", function(item), records)
        except Exception as error:
            if not isinstance(error, DeepEMError):
                error.add_note("".join(traceback.format_exception(error)))
            answer = ("error", error, records)
    return pickle.dumps(answer)


def _find_function(name: str) -> Any:
    plugins = get_worker().plugins
    deadline = time.monotonic() + _SECONDS_FOR_FUNCTION
    while name not in plugins:  # a worker may have its first item before it has the function
        if time.monotonic() > deadline:
            raise LookupError(f"the function {name} did not reach the worker")
        time.sleep(0.02)
    shared: Any = plugins[name]
    return shared.get()


class _KeepLog(logging.Handler):
    """Keeps what one thread has to say; other threads have items of their own."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.records: list[logging.LogRecord] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            record.msg, record.args, record.exc_info = record.getMessage(), None, None
            self.records.append(record)


@contextmanager
def _kept_log() -> Generator[list[logging.LogRecord]]:
    logger, handler = logging.getLogger("deepem"), _KeepLog()
    logger.addHandler(handler)
    try:
        yield handler.records
    finally:
        logger.removeHandler(handler)


def end_with_first_death(user: str, dask_scheduler: Scheduler | None = None) -> None:
    """Have the scheduler report a task as soon as its worker dies, instead of trying it elsewhere.

    Parameters
    ----------
    user
        The client that wants it, until `end_as_before`.
    dask_scheduler
        Given by Dask.
    """
    users, before = getattr(dask_scheduler, _USERS, (set(), None))
    if before is None:
        before = dask_scheduler.allowed_failures  # type: ignore[union-attr]
    setattr(dask_scheduler, _USERS, (users | {user}, before))
    dask_scheduler.allowed_failures = 0  # type: ignore[union-attr]


def end_as_before(user: str, dask_scheduler: Scheduler | None = None) -> None:
    """Undo `end_with_first_death`, once no other client that is still there wants it."""
    if dask_scheduler is None or not hasattr(dask_scheduler, _USERS):
        return
    users, before = getattr(dask_scheduler, _USERS)
    users = {other for other in users - {user} if other in dask_scheduler.clients}
    if users:
        setattr(dask_scheduler, _USERS, (users, before))
    else:
        dask_scheduler.allowed_failures = before
        delattr(dask_scheduler, _USERS)
