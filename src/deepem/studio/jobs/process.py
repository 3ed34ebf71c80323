"""The process of a job: ``python -m deepem.studio.jobs.process DeepEM/jobs/0001``.

It holds the job's lock from its first moment to its last, and says in ``state.json`` how it ended.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from deepem.errors import DeepEMError
from deepem.studio.jobs.folder import JobFolder
from deepem.studio.jobs.lock import try_lock, write_holder
from deepem.studio.jobs.record import JobStatus, now

logger = logging.getLogger("deepem.studio")

# A server that looks at the lock holds it for a moment.
_SECONDS_TO_LOCK = 5.0
_SECONDS_BETWEEN_LOOKS = 0.3


def main(folder: str) -> int:
    """Do a job, unless it has been begun already; returns the exit status."""
    job = JobFolder(Path(folder))
    with try_lock(job.lock_path, wait_s=_SECONDS_TO_LOCK) as is_ours:
        if not is_ours or job.read_status().state != "queued":
            return 0  # another process was faster
        write_holder(job.lock_path)
        _prepare_process()
        return _do(job)


def _do(job: JobFolder) -> int:
    # Only now: the lock is taken within a moment.
    from deepem.studio.jobs.kinds import find_kind
    from deepem.studio.jobs.work import Work
    from deepem.studio.project import Project

    work = None
    try:
        with _interrupted_when_asked_to_stop(job):
            request = job.read_request()
            project = Project(job.path.parents[2], data_folders=request.data_folders)
            _, kind = find_kind(request.kind)
            created_s = datetime.fromisoformat(request.created).timestamp()
            work = Work(job, project, request.options, created_s=created_s)
            logger.info("%s: begun", request.title)
            kind.run(work)
        state, problem = "done", None
    except KeyboardInterrupt:
        state, problem = "cancelled", None
    except DeepEMError as error:
        state, problem = "failed", str(error)
    except Exception as error:
        logger.exception("ended by an error")
        state, problem = "failed", _explain(error, job)
    if not job.lock_path.exists():
        return 1  # its folder was deleted: nobody is there to be told
    if problem is not None:
        logger.error("%s", problem)
    logger.info("%s", state)
    if work is not None:
        work.end(state, problem)
    else:
        job.write_status(
            JobStatus.model_validate(
                {"state": state, "started": now(), "ended": now(), "problem": problem}
            )
        )
    return 0 if state == "done" else 1


def _prepare_process() -> None:
    """Log to where the server has led the output, and make a request to stop an exception."""
    for stop in (signal.SIGINT, signal.SIGTERM):  # a shell may have had them ignored
        signal.signal(stop, signal.default_int_handler)
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO,
        format="%(asctime)s %(message)s",
        datefmt="%H:%M:%S",
    )
    if not sys.warnoptions:
        warnings.simplefilter("ignore")


@contextmanager
def _interrupted_when_asked_to_stop(job: JobFolder) -> Iterator[None]:
    """Raise KeyboardInterrupt in the block within a second of a request to stop."""
    main_thread = threading.main_thread().ident
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(_SECONDS_BETWEEN_LOOKS):
            is_wanted = job.lock_path.exists() and not job.is_asked_to_stop()
            if not is_wanted and main_thread is not None:
                # A signal, because it also ends a wait for other processes.
                signal.pthread_kill(main_thread, signal.SIGINT)
                return

    if job.is_asked_to_stop():
        raise KeyboardInterrupt
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        is_over.set()
        watcher.join()


def _explain(error: Exception, job: JobFolder) -> str:
    """What to tell the user of an error that nobody has foreseen."""
    words = ("can't allocate memory", "out of memory", "not enough memory")
    if isinstance(error, MemoryError) or any(text in str(error) for text in words):
        return (
            "There was not enough memory. Close other programs or use fewer workers, then start "
            "it again."
        )
    return (
        f"Something that should not happen: {type(error).__name__}: {error}. Please report it, "
        f"with the file {job.log_path}."
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
