"""Work on the workers of a Dask scheduler, wherever they are."""

from __future__ import annotations

import hashlib
import logging
import pickle
import queue
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from importlib.metadata import version
from typing import Any

from deepem.cluster.backend import Backend, Item, Outcome, Result
from deepem.errors import BackendError, DeepEMError, MissingExtraError

_ITEMS_PER_THREAD = 2  # one that is done, and one that waits for it to end
_LEAST_ITEMS = 4  # clusters that grow with their work must see some
_SECONDS_BETWEEN_LOOKS = 1.0
_SECONDS_TO_CLOSE = 10

_log = logging.getLogger("deepem.cluster")


class DaskBackend(Backend):
    """The workers of a Dask scheduler; see `deepem.cluster.backend.Backend`.

    Parameters
    ----------
    address
        Of the scheduler, as ``tcp://10.1.1.1:8786``.
    connect_timeout_s
        How long to wait for the scheduler.
    worker_timeout_s
        How long to wait where no worker is there: at the start, or after all have died.

    Notes
    -----
    When a worker dies, the items that it had are kept for the end and done then, one at a time with
    nothing else in flight: which of them killed it is not known before. Workers need the same
    version of DeepEM, see the same folders, and are best started with one thread each.
    """

    def __init__(
        self, address: str, *, connect_timeout_s: float = 30, worker_timeout_s: float = 300
    ) -> None:
        self.address = address
        self.connect_timeout_s, self.worker_timeout_s = connect_timeout_s, worker_timeout_s
        self._client: Any = None
        self._function: object = None
        self._name = ""
        self._n_threads = 0
        self._looked_s = self._seen_s = 0.0
        self._is_missed = False

    def close(self) -> None:
        """Leave the scheduler; its workers go on."""
        if self._client is None:
            return
        with suppress(Exception):  # what is in the way of leaving is nobody's any more
            self._take_back()
        client, self._client = self._client, None
        with suppress(Exception):
            client.close(timeout=_SECONDS_TO_CLOSE)

    def describe(self) -> str:
        """Where the work is done."""
        return f"on the Dask cluster at {self.address}"

    def run(
        self, function: Callable[[Item], Result], items: Iterable[Item]
    ) -> Generator[Outcome[Item, Result]]:
        """Apply a function to every item; outcomes come in the order in which they end."""
        waiting = iter(items)
        nothing = object()
        suspects: list[Item] = []
        flight = None
        try:
            while True:
                while waiting is not None and (flight is None or len(flight) < self._n_wanted()):
                    item: Any = next(waiting, nothing)
                    if item is nothing:
                        waiting = None  # type: ignore[assignment]
                        break
                    if flight is None:
                        flight = self._begin(function)
                    flight.add(item)
                if not flight:
                    break
                outcome, item = self._wait_for_one(flight)
                if outcome is None:
                    suspects.append(item)
                else:
                    yield outcome
            for item in suspects:
                assert flight is not None  # noqa: S101 (no suspect without)
                flight.add(item)
                outcome, item = self._wait_for_one(flight)
                yield outcome or Outcome(item, error=_ended_twice(item))
        finally:
            if flight is not None:
                self._finish(flight)

    def _begin(self, function: object) -> _Flight:
        """Connect where that was not done, and give the function to all workers."""
        if self._client is None:
            self._client = self._connect()
        from deepem.cluster import dask_worker

        try:
            if self._function is not function:
                self._take_back()
                code = pickle.dumps(function)
                self._name = f"deepem-{hashlib.sha256(code).hexdigest()[:16]}"
                shared = dask_worker.SharedFunction(code, self._name, version("deepem"))
                self._client.register_plugin(shared, name=self._name)
                self._function = function
            self._client.run_on_scheduler(dask_worker.end_with_first_death, self._client.id)
        except ImportError as error:
            raise BackendError(
                f"the workers or the scheduler at {self.address} cannot load DeepEM: {error}. "
                f"Install version {version('deepem')} of deepem there too."
            ) from error
        except (OSError, TimeoutError) as error:
            raise self._lost(error) from error
        self._seen_s, self._looked_s, self._is_missed = time.monotonic(), 0.0, False
        self._look()
        return _Flight(self._client, self._name)

    def _finish(self, flight: _Flight) -> None:
        """Nobody wants what is in flight any more."""
        from deepem.cluster import dask_worker

        with suppress(Exception):  # the scheduler may be gone: then so are the items
            flight.cancel()
            self._client.run_on_scheduler(dask_worker.end_as_before, self._client.id)

    def _take_back(self) -> None:
        if self._function is not None:
            self._client.unregister_worker_plugin(self._name)
            self._function = None

    def _connect(self) -> Any:
        """The client of a scheduler.

        Raises
        ------
        deepem.errors.BackendError
            It does not answer.
        """
        client_class = import_distributed().Client
        try:
            return client_class(
                self.address, timeout=self.connect_timeout_s, set_as_default=False, name="deepem"
            )
        except (OSError, TimeoutError, ValueError) as error:
            raise BackendError(
                f"no Dask scheduler answers at {self.address!r} within "
                f"{self.connect_timeout_s:g} s ({error}). Start one with 'dask scheduler', "
                "and give the address that it prints, as tcp://10.1.1.1:8786."
            ) from error

    def _n_wanted(self) -> int:
        """How many items should be in flight."""
        self._look()
        return max(_LEAST_ITEMS, _ITEMS_PER_THREAD * self._n_threads)

    def _look(self) -> None:
        """See now and again which workers there are.

        Raises
        ------
        deepem.errors.BackendError
            There has been none for too long, or the scheduler is gone.
        """
        now_s = time.monotonic()
        if now_s < self._looked_s + _SECONDS_BETWEEN_LOOKS:
            return
        self._looked_s = now_s
        self._tend()
        try:
            self._n_threads = sum(self._client.nthreads().values())
        except (OSError, TimeoutError) as error:
            raise self._lost(error) from error
        if self._n_threads:
            self._seen_s, self._is_missed = now_s, False
        elif now_s > self._seen_s + self.worker_timeout_s:
            raise BackendError(self._explain_no_worker())
        elif not self._is_missed and now_s > self._seen_s + 5 * _SECONDS_BETWEEN_LOOKS:
            self._is_missed = True
            _log.warning(
                "No worker %s. Waiting for one, for at most %.0f minutes.",
                self.describe(),
                self.worker_timeout_s / 60,
            )

    def _tend(self) -> None:
        """Look after the workers; those of a scheduler that we were given are not ours."""

    def _explain_no_worker(self) -> str:
        return (
            f"no worker {self.describe()} for {self.worker_timeout_s:g} s. Start some with "
            f"'dask worker {self.address} --nworkers 4 --nthreads 1', then try again with --resume."
        )

    def _lost(self, error: BaseException) -> BackendError:
        return BackendError(
            f"the Dask scheduler at {self.address} has gone ({error}). Start it and its workers "
            "again, then go on with --resume."
        )

    def _wait_for_one(self, flight: _Flight) -> tuple[Outcome[Any, Any] | None, Any]:
        """The outcome of the next item that ends, None where its worker died; and the item."""
        distributed = import_distributed()
        future = None
        while True:
            try:
                if future is None:
                    future = flight.ended.get(timeout=_SECONDS_BETWEEN_LOOKS)
                code = future.result(timeout=10 * _SECONDS_BETWEEN_LOOKS)
                break
            except (queue.Empty, TimeoutError):
                self._look()
            except distributed.scheduler.KilledWorker:
                return None, flight.remove(future)
            except distributed.client.FutureCancelledError as error:
                raise self._lost(error) from error
        item = flight.remove(future)
        kind, content, records = pickle.loads(code)  # noqa: S301 (from our own workers)
        for record in records:
            logging.getLogger(record.name).handle(record)
        if kind == "unable":
            raise BackendError(
                f"a worker {self.describe()} cannot do its work ({content}). "
                f"Install version {version('deepem')} of deepem there too."
            )
        if kind == "result":
            return Outcome(item, result=content), item
        if isinstance(content, DeepEMError):
            return Outcome(item, error=content), item
        raise content


class _Flight:
    """The items that a cluster has, and those of them that have ended."""

    def __init__(self, client: Any, name: str) -> None:
        self._client, self._name = client, name
        self._items: dict[str, tuple[Any, Any]] = {}
        self.ended: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def __len__(self) -> int:
        return len(self._items)

    def add(self, item: Any) -> None:
        """Give the cluster an item."""
        from deepem.cluster.dask_worker import do_item

        future = self._client.submit(do_item, self._name, pickle.dumps(item), pure=False)
        self._items[future.key] = (future, item)
        future.add_done_callback(self.ended.put)

    def remove(self, future: Any) -> Any:
        """Forget what the cluster knows of an item."""
        _, item = self._items.pop(future.key)
        future.release()
        return item

    def cancel(self) -> None:
        """Have what has not begun not done; what has begun is done, for nobody."""
        futures = [future for future, _ in self._items.values()]
        self._items.clear()
        if futures:
            self._client.cancel(futures)


def import_distributed() -> Any:
    """Dask's package for clusters.

    Raises
    ------
    deepem.errors.MissingExtraError
        It is not installed.
    """
    try:
        import distributed
        import distributed.client
        import distributed.scheduler
    except ImportError as error:
        raise MissingExtraError("distributed", "cluster", "Picking on a cluster") from error
    return distributed


def _ended_twice(item: object) -> BackendError:
    return BackendError(
        f"{item}: ended its worker twice, so it was set aside. If memory was short, give workers "
        "more, or have fewer of them in a job; then try it again with --resume."
    )
