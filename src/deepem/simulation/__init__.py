"""Micrographs with exact truth: specimen → projection → optics → noise → scene."""

from deepem.simulation.atomic_model import load_atomic_model
from deepem.simulation.cut import LongAxis, cut_density, find_long_axis
from deepem.simulation.density_map import DensityMap, load_density_map
from deepem.simulation.files import write_scene
from deepem.simulation.noise import add_noise, measure_signal_variance
from deepem.simulation.optics import Optics, apply_ctf, calculate_ctf
from deepem.simulation.orientations import Views, draw_rotations
from deepem.simulation.placement import place_particles
from deepem.simulation.projectable import Projectable
from deepem.simulation.projection import project_beads
from deepem.simulation.scene import Scene, simulate_dataset, simulate_micrograph
from deepem.simulation.specimen import PHANTOMS, Specimen, make_phantom

__all__ = [
    "PHANTOMS",
    "DensityMap",
    "LongAxis",
    "Optics",
    "Projectable",
    "Scene",
    "Specimen",
    "Views",
    "add_noise",
    "apply_ctf",
    "calculate_ctf",
    "cut_density",
    "draw_rotations",
    "find_long_axis",
    "load_atomic_model",
    "load_density_map",
    "make_phantom",
    "measure_signal_variance",
    "place_particles",
    "project_beads",
    "simulate_dataset",
    "simulate_micrograph",
    "write_scene",
]
