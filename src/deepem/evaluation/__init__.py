"""Evaluation: how well picks agree with known particles, and the report that shows it."""

from deepem.evaluation.agreement import (
    Agreement,
    AgreementFigures,
    find_agreement,
    sum_up_agreement,
)
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
    "Agreement",
    "AgreementFigures",
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
    "find_agreement",
    "match_nearest",
    "match_picks",
    "precision_recall",
    "render_report",
    "sum_up_agreement",
    "take_picture",
]
