"""Hand over: picks written for other programs, in folders of their own that are never changed."""
