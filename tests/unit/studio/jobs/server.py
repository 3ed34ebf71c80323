"""A server that asks for jobs and is killed: ``server.py FOLDER KIND OPTIONS [KIND OPTIONS …]``."""

import json
import sys
import time

from deepem.studio.jobs.queue import JobQueue
from deepem.studio.project import Project

with JobQueue(Project(sys.argv[1])) as queue:
    for kind, options in zip(sys.argv[2::2], sys.argv[3::2], strict=True):
        queue.submit(kind, json.loads(options))
    sys.stdout.write("submitted\n")
    sys.stdout.flush()
    time.sleep(3600)
