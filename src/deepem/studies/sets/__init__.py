"""The micrographs that studies measure on, real and simulated."""
