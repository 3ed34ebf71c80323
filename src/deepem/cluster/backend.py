"""What every way of doing one thing to many items has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import Generic, Self, TypeVar

from deepem.errors import DeepEMError

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class Outcome(Generic[Item, Result]):
    """What became of one item.

    Parameters
    ----------
    item
        The item.
    result
        What the function returned; None where it failed.
    error
        Why it failed: what the function raised, or `deepem.errors.BackendError` where the item
        ended its worker twice; None where it did not.
    """

    item: Item
    result: Result | None = None
    error: DeepEMError | None = None


class Backend(ABC):
    """Somewhere to compute: this process, processes of this machine, a cluster.

    Used as a context: workers start when they are first needed, serve every `run` in the block,
    and end with it.
    """

    #: Whether the workers are on this machine, and share its memory of files.
    is_here = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """End the workers; another `run` would start new ones."""

    @abstractmethod
    def describe(self) -> str:
        """Where the work is done, in a few words, as for a log."""

    @abstractmethod
    def run(
        self, function: Callable[[Item], Result], items: Iterable[Item]
    ) -> Generator[Outcome[Item, Result]]:
        """Apply a function to every item.

        Parameters
        ----------
        function
            Of one item. It, the items and the results must be picklable. It may be called twice
            with the same item, where the first worker died: what it writes must bear that.
        items
            The items. They are drawn as they are needed, a few ahead of the workers.

        Yields
        ------
        outcome
            One for every item, in the order in which they end. An item whose worker died is done
            once more, on another; if that dies too, the item is set aside with an error.

        Raises
        ------
        deepem.errors.BackendError
            No worker can be had.
        Exception
            Whatever the function raises that is no `DeepEMError`: it is a bug.
        """
