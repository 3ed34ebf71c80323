"""How any study is measured, kept, summarised and reported."""
