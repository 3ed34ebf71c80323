"""What picking is measured against: the best that is possible, and the classical ways."""

from deepem.baselines.ideal_observer import IdealScores, score_ideally
from deepem.baselines.log_picker import LogPicker
from deepem.baselines.matched_filter import MatchedFilter
from deepem.baselines.template_picker import TemplatePicker

__all__ = ["IdealScores", "LogPicker", "MatchedFilter", "TemplatePicker", "score_ideally"]
