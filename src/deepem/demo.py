"""The whole road in a minute, on simulated micrographs: simulate, train, pick, evaluate, report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deepem.core import Picks
from deepem.evaluation import Evaluation, Picture, evaluate, render_report
from deepem.io import open_micrograph, place_picks, read_picks, write_atomically
from deepem.networks import Model, save_model
from deepem.picking import Picker, Selection, pick_files, select
from deepem.preprocessing import make_preview
from deepem.simulation import make_phantom, simulate_dataset, write_scene
from deepem.training import TrainingEvents, train
