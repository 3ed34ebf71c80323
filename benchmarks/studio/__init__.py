"""Parts of the benchmark of the studio's server: how fast it answers, and what memory it takes."""
