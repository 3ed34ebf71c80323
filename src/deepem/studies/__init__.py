"""The paper's experiments and our benchmarks: one file a study, each one command, resumable."""

from deepem.studies.added_noise import ADDED_NOISE
from deepem.studies.data import Labelled, Sources
from deepem.studies.few_labels import FEW_LABELS
from deepem.studies.full_labels import FULL_LABELS
from deepem.studies.klh import KLH
from deepem.studies.low_signal import LOW_SIGNAL
from deepem.studies.report import write_report
from deepem.studies.results import Result, read_results
from deepem.studies.runner import Outcome, run_study
from deepem.studies.speed import SPEED
from deepem.studies.study import Cell, Column, Figures, Measured, Need, Plot, Study, Target

STUDIES = {
    study.name: study for study in (FEW_LABELS, FULL_LABELS, KLH, LOW_SIGNAL, ADDED_NOISE, SPEED)
}

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
