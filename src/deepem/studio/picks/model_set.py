"""What a model has picked: a folder as ``deepem pick --out`` makes it."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deepem.core import Picks
from deepem.errors import DeepEMError
from deepem.networks import Calibration, ModelHeader, read_model_header
from deepem.picking.candidate_folder import (
    CandidateFolder,
    count_scanned,
    default_edge_margin_px,
)
from deepem.picking.candidate_pool import CandidatePool
from deepem.picking.limits import find_limits
from deepem.picking.selection import Selection, select
from deepem.studio.jobs.models import model_path
from deepem.studio.jobs.pick_set import PICK_SET_NAME
from deepem.studio.labels.store import LabelStore
from deepem.studio.picks.pick_set import FoundPicks, PickSet
from deepem.studio.picks.selection import PickSelection
from deepem.studio.project import Project
from deepem.studio.settings import ID_PATTERN

logger = logging.getLogger("deepem.studio")

_THRESHOLD_OF_UNKNOWN = 0.5


class ModelPickSet(PickSet):
    """Candidates that a model has found; see `PickSet`."""

    kind = "model"

    def __init__(
        self,
        project: Project,
        labels: LabelStore,
        set_id: str,
        folder: Path,
        notice: Callable[[], None],
    ) -> None:
        super().__init__(project, labels, set_id, folder, notice)
        self._candidates = CandidateFolder(folder)

    @property
    def title(self) -> str:
        """As it was called when it was made, or its folder."""
        return str(self._facts.get("title") or self.id)

    @property
    def created(self) -> str:
        """When it was begun; of a folder that does not say so, when it changed last."""
        created = self._facts.get("created")
        if isinstance(created, str):
            return created
        changed = datetime.fromtimestamp(self.folder.stat().st_mtime, UTC)
        return changed.isoformat(timespec="milliseconds")

    @property
    def model(self) -> str | None:
        """Number of the model; None of a folder that does not say so."""
        model = self._facts.get("model")
        is_id = isinstance(model, str) and re.match(ID_PATTERN, model)
        return str(model) if is_id else None

    @property
    def calibration(self) -> Calibration | None:
        """That of the model."""
        header = self._header
        return None if header is None else header.calibration

    @property
    def score_range(self) -> tuple[float, float]:
        """Scores of models are between 0 and 1."""
        return 0.0, 1.0

    @property
    def default(self) -> PickSelection:
        """What the model says; of an unknown one, what ``deepem pick`` has written last."""
        header = self._header
        if header is None:
            threshold, std_range = find_limits(self.folder) or (_THRESHOLD_OF_UNKNOWN, None)
        else:
            threshold, std_range = header.threshold, header.std_range
        return PickSelection.of(threshold, std_range)

    def count_micrographs(self) -> int:
        """Number of files that it has of the project's micrographs."""
        return count_scanned(self.folder, self._project.micrographs)

    @property
    def _facts(self) -> dict[str, Any]:
        """What the set says of itself; nothing where it was made by ``deepem pick``."""
        try:
            facts = json.loads((self.folder / PICK_SET_NAME).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return facts if isinstance(facts, dict) else {}

    @property
    def _header(self) -> ModelHeader | None:
        model = self.model
        if model is None:
            return None
        try:
            return read_model_header(model_path(self._project, model))
        except DeepEMError as error:
            logger.warning("%s", error)
            return None

    @property
    def _pool(self) -> CandidatePool:
        return self._candidates.pool

    def _refresh(self, names: Collection[str]) -> bool:
        return self._candidates.refresh(names)

    def _read(self, name: str) -> FoundPicks | None:
        scanned = self._candidates.read(name)
        if scanned is None:
            return None
        return FoundPicks(
            replace(scanned.candidates, micrograph=name),
            diameter_px=scanned.diameter_px,
            edge_margin_px=default_edge_margin_px(scanned),
        )

    def _judge(self, found: FoundPicks, selection: PickSelection) -> Picks:
        limits = Selection(
            threshold=selection.threshold,
            std_range=selection.std_range,
            edge_margin_px=found.edge_margin_px,
        )
        return select(found.candidates, limits)

    def _check(self, selection: PickSelection) -> PickSelection:
        selection = super()._check(selection)
        Selection(threshold=selection.threshold)  # between 0 and 1
        return selection
