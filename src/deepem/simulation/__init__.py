"""Micrographs with exact truth: specimen → projection → optics → noise → scene."""

from deepem.simulation.atomic_model import load_atomic_model
from deepem.simulation.cut import LongAxis, cut_density, find_long_axis
from deepem.simulation.dataset import simulate_dataset
from deepem.simulation.density_map import DensityMap, load_density_map
from deepem.simulation.euler_angles import find_euler_angles
from deepem.simulation.files import MASK_CODES, write_scene
from deepem.simulation.noise import Noise, add_noise, measure_signal_variance
from deepem.simulation.nuisance_counts import count_nuisances_picked
from deepem.simulation.nuisances import NUISANCE_LEVELS, Nuisances
from deepem.simulation.optics import Optics, apply_ctf, calculate_ctf
from deepem.simulation.orientations import Views, draw_rotations
from deepem.simulation.placement import place_particles
from deepem.simulation.projectable import Projectable
from deepem.simulation.projection import project_beads
from deepem.simulation.scene import Scene, simulate_micrograph
from deepem.simulation.specimen import PHANTOMS, Specimen, make_phantom

__all__ = [
    "MASK_CODES",
    "NUISANCE_LEVELS",
    "PHANTOMS",
    "DensityMap",
    "LongAxis",
    "Noise",
    "Nuisances",
    "Optics",
    "Projectable",
    "Scene",
    "Specimen",
    "Views",
    "add_noise",
    "apply_ctf",
    "calculate_ctf",
    "count_nuisances_picked",
    "cut_density",
    "draw_rotations",
    "find_euler_angles",
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
