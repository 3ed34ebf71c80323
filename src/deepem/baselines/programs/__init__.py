"""Other people's pickers, run by their own command lines: each with its files and its quirks."""

from deepem.baselines.programs.aspire import pick_with_apple
from deepem.baselines.programs.command import ProgramPicks
from deepem.baselines.programs.relion import pick_with_relion_blobs, pick_with_relion_templates
from deepem.baselines.programs.topaz import TopazModel, pick_with_topaz, train_topaz

__all__ = [
    "ProgramPicks",
    "TopazModel",
    "pick_with_apple",
    "pick_with_relion_blobs",
    "pick_with_relion_templates",
    "pick_with_topaz",
    "train_topaz",
]
