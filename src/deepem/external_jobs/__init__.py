"""DeepEM as a job of other programs, which start it, watch it and list what it makes."""
