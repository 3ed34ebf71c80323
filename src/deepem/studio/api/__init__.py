"""What the page asks of the server, one router a file: parse, call the room below, answer.

Nothing is computed here. `deepem.studio.api.context` has what the routers share.
"""
