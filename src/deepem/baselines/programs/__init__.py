"""Other programs that find, sort or average particles, run where they are installed."""
