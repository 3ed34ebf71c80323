"""The paper's experiments and our benchmarks: one file a study, each one command, resumable."""

from deepem.studies.accuracy import ACCURACY
from deepem.studies.added_noise import ADDED_NOISE
from deepem.studies.class_averages import CLASS_AVERAGES
from deepem.studies.crowding import CROWDING
from deepem.studies.feature_maps import FEATURE_MAPS
from deepem.studies.few_labels import FEW_LABELS
from deepem.studies.full_labels import FULL_LABELS
from deepem.studies.harness.report import write_report
from deepem.studies.harness.results import Result, read_results
from deepem.studies.harness.runner import Outcome, run_study
from deepem.studies.harness.study import Cell, Column, Figures, Measured, Need, Plot, Study, Target
from deepem.studies.learning_cycle import LEARNING_CYCLE
from deepem.studies.low_signal import LOW_SIGNAL
from deepem.studies.paper_speed import PAPER_SPEED
from deepem.studies.selection import SELECTION
from deepem.studies.sets.data import Labelled, Sources
from deepem.studies.training_size import TRAINING_SIZE
from deepem.studies.variants import VARIANTS

_ALL = (
    # the paper's figures, in their order
    ACCURACY,
    TRAINING_SIZE,
    CROWDING,
    LOW_SIGNAL,
    SELECTION,
    LEARNING_CYCLE,
    VARIANTS,
    PAPER_SPEED,
    FEATURE_MAPS,
    CLASS_AVERAGES,
    # beyond the paper
    FEW_LABELS,
    FULL_LABELS,
    ADDED_NOISE,
)
STUDIES = {study.name: study for study in _ALL}

__all__ = [
    "STUDIES",
    "Cell",
    "Column",
    "Figures",
    "Labelled",
    "Measured",
    "Need",
    "Outcome",
    "Plot",
    "Result",
    "Sources",
    "Study",
    "Target",
    "read_results",
    "run_study",
    "write_report",
]
