"""Memory that was freed is used again, in a process of its own: it cannot be undone."""

import subprocess
import sys

import pytest

COUNT_FAULTS = """
import resource, sys
import numpy as np
from deepem.cluster.memory import keep_freed_memory

if sys.argv[1] == "keep":
    assert keep_freed_memory()
for number in range(21):
    if number == 1:  # the first has to get its memory
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    np.ones(10_000_000, np.float32)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="nothing is done elsewhere")
def test_large_blocks_are_used_again():
    def count(how):
        command = [sys.executable, "-c", COUNT_FAULTS, how]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    assert count("keep") < 100
    assert count("not") > 200  # a page of 4 kB, or of 2 MB, for every block again
