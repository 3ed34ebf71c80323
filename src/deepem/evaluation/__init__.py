"""Evaluation: how well picks agree with known particles, and the report that shows it."""

from deepem.evaluation.cryoppp import ProtocolFigures, ProtocolRow, evaluate_cryoppp
from deepem.evaluation.curves import (
    PrecisionRecall,
    average_precision,
    best_threshold,
    f_beta,
    precision_recall,
)
from deepem.evaluation.matching import Matching, match_nearest, match_picks
from deepem.evaluation.metrics import Evaluation, Figures, MicrographEvaluation, evaluate
from deepem.evaluation.picture import Picture, take_picture
from deepem.evaluation.pixelwise import PixelwiseFigures, PixelwiseRow, evaluate_pixelwise
from deepem.evaluation.report import render_report

__all__ = [
    "Evaluation",
    "Figures",
    "Matching",
    "MicrographEvaluation",
    "Picture",
    "PixelwiseFigures",
    "PixelwiseRow",
    "PrecisionRecall",
    "ProtocolFigures",
    "ProtocolRow",
    "average_precision",
    "best_threshold",
    "evaluate",
    "evaluate_cryoppp",
    "evaluate_pixelwise",
    "f_beta",
    "match_nearest",
    "match_picks",
    "precision_recall",
    "render_report",
    "take_picture",
]
