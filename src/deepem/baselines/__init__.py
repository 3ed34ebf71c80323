"""What picking is measured against: the best that is possible, and the classical template."""

from deepem.baselines.ideal_observer import IdealScores, score_ideally
from deepem.baselines.matched_filter import MatchedFilter

__all__ = ["IdealScores", "MatchedFilter", "score_ideally"]
