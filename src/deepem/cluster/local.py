"""Work on the machine that runs this: one item after the other, or in processes of their own."""

from __future__ import annotations

import logging
import multiprocessing
import pickle
import signal
import sys
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Any

from deepem.cluster.backend import Backend, Item, Outcome, Result
from deepem.cluster.memory import keep_freed_memory
from deepem.errors import BackendError, DeepEMError

# A server that has imported what the function needs makes the processes: that takes seconds, and
# memory, once. Not everywhere is one.
_METHODS = ("forkserver", "spawn")
_SECONDS_TO_END = 30
# So many workers in a row that end before they have begun are no accident.
_FAILED_STARTS = 3


class ThisProcess(Backend):
    """Everything here, one item after the other; see `deepem.cluster.backend.Backend`."""

    is_here = True

    def close(self) -> None:
        """Nothing is to be ended."""

    def describe(self) -> str:
        """Where the work is done."""
        return "in one process"

    def run(
        self, function: Callable[[Item], Result], items: Iterable[Item]
    ) -> Generator[Outcome[Item, Result]]:
        """Apply a function to every item, in their order."""
        for item in items:
            try:
                outcome = Outcome[Item, Result](item, result=function(item))
            except DeepEMError as error:
                outcome = Outcome(item, error=error)
            yield outcome


class LocalProcesses(Backend):
    """Several processes of this machine; see `deepem.cluster.backend.Backend`.

    Parameters
    ----------
    n_workers
        How many.

    Notes
    -----
    A worker notices when this process is gone, however it ended, and ends after its item. Ctrl-C
    reaches this process alone: workers finish their items then.
    """

    is_here = True

    def __init__(self, n_workers: int) -> None:
        self.n_workers = n_workers
        self._workers: list[_Worker] = []
        self._function: object = None
        self._code = b""

    def close(self) -> None:
        """End the workers, after their items."""
        for worker in self._workers:
            worker.connection.close()  # it sees that, and ends after its item
        for worker in self._workers:
            worker.end()
        self._workers = []

    def describe(self) -> str:
        """Where the work is done."""
        return f"in {self.n_workers} processes"

    def run(
        self, function: Callable[[Item], Result], items: Iterable[Item]
    ) -> Generator[Outcome[Item, Result]]:
        """Apply a function to every item; outcomes come in the order in which they end."""
        if self._function is not function:
            self.close()
            self._function, self._code = function, pickle.dumps(function)
        waiting = iter(items)
        again: deque[Item] = deque()
        suspects: list[Item] = []
        n_failed_starts = 0
        try:
            while True:
                self._hand_out(function, again, waiting)
                busy = {worker.connection: worker for worker in self._workers if worker.has_item}
                if not busy:
                    return
                for connection in wait(list(busy)):
                    worker = busy[connection]
                    try:
                        answer = worker.receive()
                    except EOFError:
                        self._workers.remove(worker)
                        item = worker.bury()
                        if not worker.is_ready:  # the item has nothing to do with it
                            n_failed_starts += 1
                            if n_failed_starts == _FAILED_STARTS:
                                raise _cannot_start(worker.exit_code) from None
                            again.append(item)
                            continue
                        if not any(item is suspect for suspect in suspects):
                            suspects.append(item)
                            again.append(item)
                            continue
                        answer = Outcome(item, error=_ended_twice(item, worker.exit_code))
                    if worker.is_ready:
                        n_failed_starts = 0
                    if answer is not None:
                        yield answer
        finally:
            # Their answers are nobody's any more; what they write is complete.
            if any(worker.has_item for worker in self._workers):
                self.close()

    def _hand_out(
        self, function: Callable[[Any], Any], again: deque[Item], waiting: Iterator[Item]
    ) -> None:
        """Give every worker that has none an item, those of dead workers first."""
        nothing = object()
        while True:
            idle = next((worker for worker in self._workers if not worker.has_item), None)
            if idle is None and len(self._workers) >= self.n_workers:
                return
            item: Any = again.popleft() if again else next(waiting, nothing)
            if item is nothing:
                return
            if idle is None:
                idle = _Worker(self._code, type(function).__module__)
                self._workers.append(idle)
            idle.send(item)


class _Worker:
    """A process that waits for items, and the item that it has."""

    def __init__(self, code: bytes, module: str) -> None:
        methods = multiprocessing.get_all_start_methods()
        context: Any = multiprocessing.get_context(next(m for m in _METHODS if m in methods))
        if hasattr(context, "set_forkserver_preload"):
            context.set_forkserver_preload([module])
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, code), daemon=True)
        self._process.start()
        theirs.close()
        self._item: Any = None
        #: Whether it has an item, and whether it has begun to wait for some.
        self.has_item, self.is_ready = False, False

    @property
    def exit_code(self) -> int | None:
        """With which the process ended; minus the number of the signal that ended it."""
        code: int | None = self._process.exitcode
        return code

    def send(self, item: Any) -> None:
        """Give it an item."""
        self._item, self.has_item = item, True
        with suppress(OSError):  # where it has just died, as its next answer shows
            self.connection.send_bytes(pickle.dumps(item))

    def receive(self) -> Outcome[Any, Any] | None:
        """What became of its item; None where it had something else to say.

        Raises
        ------
        EOFError
            The process is dead.
        """
        try:
            kind, content = pickle.loads(self.connection.recv_bytes())  # noqa: S301 (our own)
        except ConnectionError as error:
            raise EOFError from error
        if kind == "ready":
            self.is_ready = True
        elif kind == "log":
            logging.getLogger(content.name).handle(content)
        else:
            item, self._item, self.has_item = self._item, None, False
            if kind == "result":
                return Outcome(item, result=content)
            if isinstance(content, DeepEMError):
                return Outcome(item, error=content)
            raise content
        return None

    def bury(self) -> Any:
        """The item that it had when it died."""
        self.connection.close()
        self._process.join()
        return self._item

    def end(self) -> None:
        """Wait until it has ended, and do not wait forever."""
        self._process.join(_SECONDS_TO_END)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _serve(connection: Connection, code: bytes) -> None:
    """What a worker does until its connection is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_freed_memory()
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    logger = logging.getLogger("deepem")
    logger.addHandler(_SendLog(connection))
    logger.propagate = False
    function = pickle.loads(code)  # noqa: S301 (from the process that started this one)
    try:
        _send(connection, "ready", None)
        while True:
            item = pickle.loads(connection.recv_bytes())  # noqa: S301
            try:
                answer = ("result", function(item))
            except Exception as error:
                if not isinstance(error, DeepEMError):
                    error.add_note("".join(traceback.format_exception(error)))
                answer = ("error", error)
            _send(connection, *answer)
    except (EOFError, OSError):
        pass  # nobody is there any more


def _send(connection: Connection, kind: str, content: Any) -> None:
    connection.send_bytes(pickle.dumps((kind, content)))


class _SendLog(logging.Handler):
    """What a worker has to say is said by the process that users see."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(logging.WARNING)
        self._connection = connection

    def emit(self, record: logging.LogRecord) -> None:
        record.msg, record.args, record.exc_info = record.getMessage(), None, None
        _send(self._connection, "log", record)


def _cannot_start(exit_code: int | None) -> BackendError:
    return BackendError(
        f"{_FAILED_STARTS} worker processes have ended while they started, the last "
        f"{_describe_end(exit_code)}. Use --workers 1, or free some memory."
    )


def _ended_twice(item: object, exit_code: int | None) -> BackendError:
    return BackendError(
        f"{item}: ended its worker twice ({_describe_end(exit_code)}), so it was set aside. "
        "If memory was short, use fewer --workers; then try it again with --resume."
    )


def _describe_end(exit_code: int | None) -> str:
    if exit_code is not None and exit_code < 0:
        return f"by signal {signal.Signals(-exit_code).name}"
    return f"with code {exit_code}"
