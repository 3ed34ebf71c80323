"""One function, many items: in this process, in several, or on a cluster. Knows no particles."""
