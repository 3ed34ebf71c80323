"""What the workers of the tests do: they must be able to import it."""

import logging
import os
import signal
import time
from pathlib import Path

from deepem.errors import ConfigError


def square(number):
    return number * number


def fail_at_three(number):
    if number == 3:
        raise ConfigError("number", "three is not allowed")
    return number


def crash_at_three(number):
    if number == 3:
        raise ZeroDivisionError("a bug")
    return number


def kill_once(folder, number):
    """End this process at number 3 the first time."""
    mark = Path(folder) / "killed"
    if number == 3 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def kill_always(number):
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def process_of(number):
    time.sleep(0.05)
    return os.getpid()


def warn(number):
    logging.getLogger("deepem.test").warning("number %d is odd", number)
    return number


class EndsWhileItStarts:
    """A function whose loading ends the process, the first few times."""

    def __init__(self, folder, n_times):
        self.folder, self.n_times = str(folder), n_times

    def __call__(self, number):
        """Give the number back."""
        return number

    def __reduce__(self):
        return _load_or_end, (self.folder, self.n_times)


def _load_or_end(folder, n_times):
    for number in range(n_times):
        mark = Path(folder) / f"ended_{number}"
        try:
            mark.touch(exist_ok=False)
        except FileExistsError:
            continue
        os.kill(os.getpid(), signal.SIGKILL)
    return EndsWhileItStarts(folder, n_times)
