"""Long work: training, picking, checking, each in a process that outlives the server.

A job is a folder, ``DeepEM/jobs/0001``: ``job.json`` says what is wanted and never changes,
``state.json`` how far it is, ``events.jsonl`` has the curves, ``log.txt`` what its process says.
Its process holds ``lock`` for as long as it lives; ``cancel`` asks it to stop.
"""
