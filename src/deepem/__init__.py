"""DeepEM finds single particles in cryo-EM micrographs."""

__version__ = "0.1.0"
