"""What a training job does: a snapshot of the labels, first model and picks, final ones."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing

from deepem.core import Micrograph
from deepem.errors import DeepEMError
from deepem.networks import Model, save_model
from deepem.picking import Picker
from deepem.studio.jobs.models import model_path, name_quick, reserve_model
from deepem.studio.jobs.pick_set import begin_pick_set, pick_into
from deepem.studio.jobs.threads import FittingThreads
from deepem.studio.jobs.training import TrainOptions
from deepem.studio.jobs.training_labels import choose_labels
from deepem.studio.jobs.training_progress import TrainingProgress, expect_stages
from deepem.studio.jobs.work import Work
from deepem.studio.labels.snapshot import write_snapshot
from deepem.studio.labels.store import LabelStore
from deepem.training import train
from deepem.training.few_labels import choose_unlabelled

logger = logging.getLogger("deepem.studio")

# The first model picks what is looked at and a little more: the training waits for it.
_N_FIRST = 4
# The final model picks enough for a review to begin.
_N_LABELLED, _N_MORE = 12, 8
# Share of the job at which the training is over, and the picking begins.
_SHARE_OF_TRAINING = 0.9


class Lesson:
    """A training and what comes of it.

    Parameters
    ----------
    work
        The job.
    options
        How to train.
    """

    def __init__(self, work: Work, options: TrainOptions) -> None:
        self._work, self._options = work, options
        self._project = work.project
        self._id = reserve_model(self._project.models_dir)
        self._folder = self._project.models_dir / self._id
        self._labelled: list[str] = []
        self._threads = FittingThreads()

    def learn(self) -> None:
        """Train, and pick a few micrographs.

        Raises
        ------
        deepem.errors.DeepEMError
            The labels cannot be learnt from, or something cannot be written.
        """
        try:
            self._learn()
        finally:
            if not any(self._folder.glob("*.deepem")):  # nothing to show for it
                shutil.rmtree(self._folder, ignore_errors=True)

    def _learn(self) -> None:
        work, options, project = self._work, self._options, self._project
        work.begin("Reading labels and micrographs")
        known = write_snapshot(project, LabelStore(project), self._folder / "labels")
        labels = choose_labels(known, options.labels)
        self._labelled = [micrograph.name for micrograph in labels.micrographs]
        work.add_result(n_labels=labels.n_particles)
        start = None if options.start is None else model_path(project, options.start)
        plan = expect_stages(
            labels.n_particles,
            n_micrographs=labels.n_with_particles,
            finds_more=labels.finds_more,
            has_start=start is not None,
            updates=options.updates,
            is_residual=options.network == "residual",
        )
        self._threads.fit()
        model = train(
            labels.micrographs,
            labels.picks,
            negatives=labels.negatives,
            complete=labels.complete,
            unlabelled=self._open_others(),
            diameter_px=known.diameter_px,
            diameter_angstrom=known.diameter_angstrom,
            network=None if start is not None else options.network,
            start=start,
            training_set=known.to_record(),
            seed=options.seed,
            updates=options.updates,
            events=TrainingProgress(
                work,
                plan,
                share=_SHARE_OF_TRAINING,
                on_first_model=self._pick_first,
                threads=self._threads,
            ),
        )
        save_model(model, model_path(project, self._id), overwrite=True)
        work.add_result(
            model=self._id,
            threshold=model.header.threshold,
            validation=model.header.training.get("validation"),
        )
        self._pick_some(model)
        work.add_result(seconds=work.seconds())

    def _open_others(self) -> list[Micrograph]:
        """Micrographs without labels, as many as are learnt from."""
        names = [name for name in self._project.micrographs if name not in self._labelled]
        opened = []
        for index in choose_unlabelled(len(names)):
            try:
                opened.append(self._project.open(names[index]))
            except DeepEMError as error:
                logger.warning("%s; left out", error)
        return opened

    def _pick_first(self, model: Model) -> None:
        """Show what a first model can do, while the user waits for the final one."""
        work, quick_id = self._work, name_quick(self._id)
        save_model(model, model_path(self._project, quick_id), overwrite=True)
        looked_at = self._looked_at()
        rest = [name for name in self._labelled if name not in looked_at]
        names = [*looked_at, *rest[: max(0, _N_FIRST - len(looked_at))]]
        work.begin("First picks")
        begin_pick_set(self._project, quick_id, model.header, is_quick=True)
        for n_done in self._pick(quick_id, model, names):
            if n_done == max(1, len(looked_at)):
                work.add_result(first_picks=quick_id, seconds_to_first_picks=work.seconds())
                logger.info("first picks after %.1f s", work.seconds())

    def _pick_some(self, model: Model) -> None:
        """Pick what is looked at, what is labelled, and a few more, for the review."""
        work, looked_at = self._work, self._looked_at()
        first = dict.fromkeys([*looked_at, *self._labelled[:_N_LABELLED]])
        others = [name for name in self._project.micrographs if name not in first]
        names = [*first, *(others[index] for index in choose_unlabelled(len(others))[:_N_MORE])]
        work.begin("Picking the first micrographs", _SHARE_OF_TRAINING)
        begin_pick_set(self._project, self._id, model.header)
        for n_done in self._pick(self._id, model, names):
            if n_done == max(1, len(looked_at)):
                work.add_result(picks=self._id)
            share = n_done / len(names)
            work.move_to(_SHARE_OF_TRAINING + (1 - _SHARE_OF_TRAINING) * share)

    def _pick(self, set_id: str, model: Model, names: Sequence[str]) -> Iterator[int]:
        """Pick micrographs; yields how many are over, after each."""
        picked_files = pick_into(self._project, set_id, Picker(model), names)
        with closing(picked_files):
            for n_done, picked in enumerate(picked_files, start=1):
                if picked.error is not None:
                    logger.warning("%s", picked.error)
                yield n_done

    def _looked_at(self) -> list[str]:
        """The micrographs that the user looks at, as far as they are still there."""
        names = dict.fromkeys(self._options.look_at)
        return [name for name in names if name in self._project.micrographs]
