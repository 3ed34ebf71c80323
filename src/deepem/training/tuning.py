"""Searches for better settings by training with many, each a little, and the best in full."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from deepem.core import Micrograph, Picks
from deepem.errors import (
    CheckpointError,
    ConfigError,
    DeepEMError,
    FileFormatError,
    MicrographError,
    MissingExtraError,
    OutputError,
    TrainingDataError,
)
from deepem.evaluation import Evaluation, evaluate
from deepem.networks import Model, load_model, save_model
from deepem.picking import Picker
from deepem.training.labels import hold_out, pair_labels
from deepem.training.learning import train
from deepem.training.plan import NetworkName, Plan, plan_training
from deepem.training.search_space import (
    NETWORKS,
    Candidate,
    default_candidate,
    default_point,
    draw_candidate,
)
from deepem.training.trials import FIGURES, Objective, TrialRecord, rank_trials, write_trials
from deepem.training.tuning_events import AccuracyReporter, TuningEvents

if TYPE_CHECKING:
    import optuna

_STUDY = "deepem"
_JOURNAL = "journal.log"
_BETA: dict[Objective, float] = {"f1": 1.0, "f2": 2.0, "average_precision": 2.0}
# As many trials of a network must be done before one of its trials can be given up.
_TRIALS_BEFORE_PRUNING = 4
_RANDOM_TRIALS = 8
# Steps of one network are never compared with those of another: their accuracies differ in kind.
_STEPS_APART = 100
_INTERRUPTED = "interrupted"
_FEWEST_MICROGRAPHS = 2


@dataclass(frozen=True, eq=False)
class Tuning:
    """What a search found.

    Parameters
    ----------
    model
        The best model, with calibration and threshold.
    trials
        Every training, best first.
    chosen
        The one that made ``model``.
    objective
        The figure that was searched for.
    test
        Figures of the model on the test micrographs, where there are any.
    """

    model: Model
    trials: list[TrialRecord]
    chosen: TrialRecord
    objective: Objective
    test: Evaluation | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """The best settings, by name."""
        return dict(self.chosen.settings)

    @property
    def is_default(self) -> bool:
        """Whether nothing better than the default settings was found."""
        return self.chosen.number == 0


def tune(
    micrographs: Sequence[Micrograph],
    picks: Sequence[Picks],
    *,
    storage: str | Path,
    n_trials: int = 30,
    network: NetworkName | None = None,
    objective: Objective = "f2",
    share: float = 0.25,
    timeout_s: float | None = None,
    table: str | Path | None = None,
    complete: bool | Mapping[str, bool | None] | None = None,
    diameter_angstrom: float | None = None,
    diameter_px: float | None = None,
    negatives: Sequence[Picks] | None = None,
    valid_micrographs: Sequence[Micrograph] = (),
    valid_picks: Sequence[Picks] = (),
    test_micrographs: Sequence[Micrograph] = (),
    test_picks: Sequence[Picks] = (),
    seed: int = 0,
    events: TuningEvents | None = None,
) -> Tuning:
    """Search binning, box, layers and learning rate for the particle at hand.

    Parameters
    ----------
    micrographs, picks
        Labelled micrographs, as in `deepem.train`.
    storage
        Folder in which the search is kept, with the models that may still win. A folder that
        holds the same search is gone on from. Delete it when no more trials are wanted.
    n_trials
        Trials in all, those already in ``storage`` included. Trial 0 has the default settings.
    network
        The network to search settings for; None searches both.
    objective
        Figure on the validation micrographs to search for: ``f2``, ``f1`` or
        ``average_precision``. F1 also chooses the thresholds by F1.
    share
        Share of a whole training that a trial does, above 0, up to 1. Below 1 the best settings
        and the default ones are trained in full at the end.
    timeout_s
        No trial begins after so many seconds; what has begun is ended, and the trainings in full
        come after it.
    table
        Table of the trials to write, and to write again after each; by default in ``storage``.
    complete, diameter_angstrom, diameter_px, negatives, valid_micrographs, valid_picks
        As in `deepem.train`. Every trial is measured on the same micrographs.
    test_micrographs, test_picks
        Micrographs with all their particles that nothing is chosen on: the model is measured there
        at the end.
    seed
        The same seed gives the same search. Every draw depends on the seed and the trials before
        it only, so that a search that was interrupted draws what an unbroken one would have drawn.
    events
        Is told about progress.

    Returns
    -------
    tuning
        The best of: the default settings in full, the best settings in full, and the model of the
        best trial. Of equals the default settings win.

    Raises
    ------
    deepem.errors.MissingExtraError
        Optuna is not installed.
    deepem.errors.ConfigError
        An option has an impossible value.
    deepem.errors.TrainingDataError
        There is nothing to measure on, or no trial succeeded.
    deepem.errors.CheckpointError
        The storage holds another search.

    Notes
    -----
    The figures of the chosen model are optimistic where it was chosen on them: of many equally good
    settings the luckiest wins. ``test_micrographs`` tell the truth. A trial that fails is recorded
    with its reason, and the search goes on. A trial is given up where its held-out accuracy is,
    from three tenths of its training on, below the median of the trials of its network; where no
    accuracy is measured (two to four micrographs, residual network) none is.

    References
    ----------
    Akiba et al. (2019) KDD, doi 10.1145/3292500.3330701 (Optuna); Bergstra et al. (2011) NeurIPS 24
    (the sampler, tree-structured Parzen estimators). Zhu, Ouyang, Mao (2017) ask for such a search.
    """
    _require_optuna()
    _check_options(n_trials, network, objective, share, seed)
    given: dict[str, Any] = {
        "complete": complete,
        "diameter_angstrom": diameter_angstrom,
        "diameter_px": diameter_px,
        "negatives": negatives,
        "valid_micrographs": valid_micrographs,
        "valid_picks": valid_picks,
        "beta": _BETA[objective],
        "seed": seed,
    }
    labelled = pair_labels(micrographs, picks, negatives=negatives, complete=complete)
    valid = pair_labels(valid_micrographs, valid_picks)
    tested = pair_labels(test_micrographs, test_picks)
    if not valid and sum(len(item.particles) > 0 for item in labelled) < _FEWEST_MICROGRAPHS:
        raise TrainingDataError(
            "there is nothing to measure settings on: label a second micrograph, or name some for "
            "it with --valid (valid_micrographs=)."
        )
    everything = [item.micrograph for item in (*labelled, *valid, *tested)]
    learnt, held_out = (labelled, valid) if valid else hold_out(labelled, seed=seed)
    networks = NETWORKS if network is None else (network,)
    plans = [
        plan_training(
            everything,
            [item.particles for item in labelled],
            diameter_px=diameter_px,
            diameter_angstrom=diameter_angstrom,
            network=name,
        )
        for name in networks
    ]
    search = _Search(
        learn=lambda **options: train(micrographs, picks, **(given | options)),
        plans=plans,
        n_labels=sum(len(item.particles) for item in learnt),
        objective=objective,
        share=share,
        seed=seed,
        folder=Path(storage),
        table=Path(table) if table is not None else Path(storage) / "trials.tsv",
        events=events or TuningEvents(),
        notes=_notes(objective, [item.micrograph.name for item in held_out], share),
    )
    search.open(
        {
            "networks": list(networks),
            "objective": objective,
            "share": share,
            "seed": seed,
            "diameter_px": round(plans[0].scale.diameter_px, 4),
            "micrographs": [[item.micrograph.name, len(item.particles)] for item in labelled],
            "validation": [[item.micrograph.name, len(item.particles)] for item in valid],
        }
    )
    with _each_warning_once():
        search.run(n_trials, timeout_s=timeout_s)
        tuning = search.finish()
    if not tested:
        return tuning
    return replace(
        tuning,
        test=_measure(tuning.model, test_micrographs, [item.particles for item in tested]),
    )


class _Search:
    """Asks for settings, trains with them, and keeps what comes out on the disk."""

    def __init__(
        self,
        *,
        learn: Callable[..., Model],
        plans: Sequence[Plan],
        n_labels: int,
        objective: Objective,
        share: float,
        seed: int,
        folder: Path,
        table: Path,
        events: TuningEvents,
        notes: Sequence[str],
    ) -> None:
        self._learn = learn
        self._plans = plans
        self._networks: list[NetworkName] = [default_candidate(plan).network for plan in plans]
        self._n_labels = n_labels
        self._objective = objective
        self._share = share
        self._seed = seed
        self._folder = folder
        self._table = table
        self._events = events
        self._notes = notes

    def open(self, search: dict[str, Any]) -> None:
        """Begin a search in the folder, or go on with the one that is there."""
        import optuna
        from optuna.storages.journal import JournalFileBackend

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        journal = self._folder / _JOURNAL
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            backend = JournalFileBackend(str(journal))
            self._study = optuna.create_study(
                storage=optuna.storages.JournalStorage(backend),
                study_name=_STUDY,
                direction="maximize",
                pruner=optuna.pruners.MedianPruner(
                    n_startup_trials=_TRIALS_BEFORE_PRUNING, n_min_trials=_TRIALS_BEFORE_PRUNING
                ),
                load_if_exists=True,
            )
        except OSError as error:
            raise OutputError(
                self._folder, f"cannot be written: {error.strerror}; choose another folder"
            ) from error
        except (ValueError, KeyError) as error:
            raise CheckpointError(
                journal, f"is damaged ({error}). Delete its folder and start again: --overwrite"
            ) from error
        known = self._study.user_attrs.get("search")
        if known is None:
            self._study.set_user_attr("search", search)
        elif known != search:
            differing = ", ".join(name for name in search if known.get(name) != search[name])
            raise CheckpointError(
                journal,
                f"holds another search (it differs in: {differing}). Use the options it was begun "
                "with, or start again: --overwrite",
            )
        for trial in self._study.get_trials(deepcopy=False):
            if trial.state == optuna.trial.TrialState.RUNNING:  # the process died
                self._give_up(trial.number)

    def run(self, n_trials: int, *, timeout_s: float | None) -> None:
        """Try settings until there are enough trials or the time is up."""
        import optuna

        started = time.monotonic()
        while (n_done := len(self._counted())) < n_trials:
            if n_done and timeout_s is not None and time.monotonic() - started >= timeout_s:
                return
            # A sampler for each trial, so that nothing depends on how often the search was broken.
            self._study.sampler = optuna.samplers.TPESampler(
                seed=int(np.random.default_rng([self._seed, 5, n_done]).integers(2**32)),
                n_startup_trials=_RANDOM_TRIALS,
            )
            if n_done < len(self._plans) and not self._study.get_trials(
                deepcopy=False, states=(optuna.trial.TrialState.WAITING,)
            ):
                point = default_point(self._plans[n_done], networks=self._networks)
                self._study.enqueue_trial(point)
            trial = self._study.ask()
            trial.set_user_attr("place", n_done)
            candidate = self._draw(trial)
            self._events.trial_began(n_done, n_trials, candidate)
            try:
                self._try(trial, n_done, candidate)
            except BaseException:
                self._give_up(trial.number)
                raise
            finally:
                self._write_table()
            self._events.trial_ended(self._records()[n_done])

    def finish(self) -> Tuning:
        """Train the best and the default settings in full, and choose between them."""
        records = self._records()
        best = rank_trials(records, self._objective)[0]
        if best.state != "done":
            problem = next((record.problem for record in records if record.problem), "")
            raise TrainingDataError(
                f"none of {len(records)} trials succeeded. {problem} "
                "More trials may: --trials (n_trials=)"
            )
        # Of equals the first wins, and the default settings come first.
        models: list[tuple[TrialRecord, Model]] = []
        earlier = [whole.number for whole in self._wholes()]
        for number in dict.fromkeys((0, best.number, *earlier)):
            if (whole := self._train_whole(records[number])) is not None:
                models.append(whole)
        kept = self._model_path(best.number)
        if self._share < 1 and kept.exists():
            models.append((best, load_model(kept)))
        if not models:
            raise TrainingDataError(
                "the best settings could not be trained in full. Try more trials, or share=1."
            )
        chosen, model = max(models, key=lambda item: item[0].score(self._objective))
        self._write_table(chosen)
        trials = [*self._records(), *self._wholes()]
        record = {
            "trials": len(self._records()),
            "trial": chosen.number,
            "objective": self._objective,
            "settings": chosen.settings,
            "chosen_on_validation": True,
        }
        header = model.header.model_copy(
            update={"training": model.header.training | {"tuning": record}}
        )
        return Tuning(
            model=Model(model.network, header),
            trials=rank_trials(trials, self._objective),
            chosen=chosen,
            objective=self._objective,
        )

    def _draw(self, trial: optuna.Trial) -> Candidate:
        diameter_px = self._plans[0].scale.diameter_px
        candidate = draw_candidate(trial, networks=self._networks, diameter_px=diameter_px)
        place = trial.user_attrs["place"]
        if place < len(self._plans):
            candidate = default_candidate(self._plans[place])
        trial.set_user_attr("settings", candidate.describe())
        return candidate

    def _try(self, trial: optuna.Trial, number: int, candidate: Candidate) -> None:
        """Train with the settings of a trial, and tell the study what came out."""
        import optuna

        first_step = _STEPS_APART * NETWORKS.index(candidate.network)

        def report(step: int, accuracy: float) -> None:
            trial.report(accuracy, first_step + step)
            if step < 10 and trial.should_prune():
                raise optuna.TrialPruned

        started = time.monotonic()
        try:
            model = self._learn(
                **candidate.options(n_labels=self._n_labels, share=self._share),
                events=AccuracyReporter(self._events, report),
            )
            figures = _figures(model)
        except optuna.TrialPruned:
            state, value = optuna.trial.TrialState.PRUNED, None
        except OutputError:
            raise
        except (TrainingDataError, MicrographError, FileFormatError) as error:
            if number == 0:
                raise  # no settings mend that
            state, value = optuna.trial.TrialState.FAIL, None
            trial.set_user_attr("problem", str(error))
        except DeepEMError as error:
            state, value = optuna.trial.TrialState.FAIL, None
            trial.set_user_attr("problem", str(error))
        else:
            state, value = optuna.trial.TrialState.COMPLETE, figures[self._objective]
            save_model(model, self._model_path(number), overwrite=True)
            trial.set_user_attr("figures", figures)
            trial.set_user_attr("threshold", model.header.threshold)
        trial.set_user_attr("seconds", time.monotonic() - started)
        self._study.tell(trial, value, state)
        self._forget_losers()

    def _train_whole(self, trial: TrialRecord) -> tuple[TrialRecord, Model] | None:
        """The settings of a trial trained in full; None where that fails."""
        is_whole_already = self._share == 1
        path = self._model_path(trial.number, is_whole=not is_whole_already)
        known = {whole.number: whole for whole in self._wholes()}
        if is_whole_already:
            known = {trial.number: trial}
            if trial.state != "done":
                return None
        if trial.number in known and path.exists():
            return known[trial.number], load_model(path)
        candidate = self._candidate(trial.number)
        self._events.whole_began(candidate)
        started = time.monotonic()
        try:
            model = self._learn(
                **candidate.options(n_labels=self._n_labels, share=1.0),
                events=AccuracyReporter(self._events, lambda step, accuracy: None),
            )
            figures = _figures(model)
        except OutputError:
            raise
        except DeepEMError as error:
            failed = replace(trial, state="failed", share=1.0, problem=str(error), figures={})
            self._events.trial_ended(failed)
            return None
        save_model(model, path, overwrite=True)
        whole = replace(
            trial,
            state="done",
            share=1.0,
            problem="",
            figures=figures,
            threshold=model.header.threshold,
            seconds=time.monotonic() - started,
        )
        if not is_whole_already:
            entry = {name: getattr(whole, name) for name in ("figures", "threshold", "seconds")}
            wholes = self._study.user_attrs.get("wholes", {})
            self._study.set_user_attr("wholes", wholes | {str(trial.number): entry})
        self._write_table()
        self._events.trial_ended(whole)
        return whole, model

    def _candidate(self, number: int) -> Candidate:
        """The settings of a trial, from what was drawn for it."""
        import optuna

        if number < len(self._plans):
            return default_candidate(self._plans[number])
        drawn = optuna.trial.FixedTrial(self._counted()[number].params)
        return draw_candidate(
            drawn, networks=self._networks, diameter_px=self._plans[0].scale.diameter_px
        )

    def _counted(self) -> list[optuna.trial.FrozenTrial]:
        """Trials that came to an end, in order; those that were interrupted do not count."""
        interrupted = self._interrupted()
        return [
            trial
            for trial in self._study.get_trials(deepcopy=False)
            if trial.state.is_finished() and trial.number not in interrupted
        ]

    def _interrupted(self) -> list[int]:
        numbers: list[int] = self._study.user_attrs.get(_INTERRUPTED, [])
        return numbers

    def _records(self) -> list[TrialRecord]:
        return [
            TrialRecord(
                number=number,
                state=_STATE_NAMES[trial.state.name],  # type: ignore[arg-type]
                share=self._share,
                settings=trial.user_attrs.get("settings", {}),
                seconds=trial.user_attrs.get("seconds", 0.0),
                figures=trial.user_attrs.get("figures", {}),
                threshold=trial.user_attrs.get("threshold"),
                problem=trial.user_attrs.get("problem", ""),
            )
            for number, trial in enumerate(self._counted())
        ]

    def _wholes(self) -> list[TrialRecord]:
        """Trainings in full, which came after the trials."""
        records = self._records()
        return [
            replace(records[int(number)], state="done", share=1.0, problem="", **entry)
            for number, entry in self._study.user_attrs.get("wholes", {}).items()
        ]

    def _give_up(self, number: int) -> None:
        """Mark a trial that was interrupted; the next run draws it again."""
        import optuna

        trials = self._study.get_trials(deepcopy=False)
        if trials[number].state.is_finished():
            return
        self._study.set_user_attr(_INTERRUPTED, [*self._interrupted(), number])
        self._study.tell(number, state=optuna.trial.TrialState.FAIL)

    def _forget_losers(self) -> None:
        """Keep the models of the default settings and of the best trial only."""
        records = self._records()
        best = rank_trials(records, self._objective)[0].number
        for record in records:
            if record.number not in (0, best):
                self._model_path(record.number).unlink(missing_ok=True)

    def _model_path(self, number: int, *, is_whole: bool = False) -> Path:
        return self._folder / f"{'whole' if is_whole else 'trial'}_{number:04d}.deepem"

    def _write_table(self, chosen: TrialRecord | None = None) -> None:
        write_trials(
            self._table,
            [*self._records(), *self._wholes()],
            objective=self._objective,
            notes=self._notes,
            chosen=chosen,
        )


_STATE_NAMES = {"COMPLETE": "done", "PRUNED": "pruned", "FAIL": "failed"}


def _require_optuna() -> None:
    try:
        import optuna  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("optuna", "tune", "A search for better settings") from error


def _check_options(
    n_trials: int, network: str | None, objective: str, share: float, seed: int
) -> None:
    if n_trials < 1:
        raise ConfigError("trials", f"must be at least 1, got {n_trials}")
    if network is not None and network not in NETWORKS:
        raise ConfigError("network", f"must be residual or deepem8, got '{network}'")
    if objective not in get_args(Objective):
        raise ConfigError(
            "objective", f"must be {', '.join(get_args(Objective))}, got '{objective}'"
        )
    if not 0 < share <= 1:
        raise ConfigError("share", f"must be above 0, up to 1, got {share:g}")
    if seed < 0:
        raise ConfigError("seed", f"must not be negative, got {seed}")


def _figures(model: Model) -> dict[str, float]:
    """Figures on the validation micrographs; 0 where there is none."""
    figures = model.header.training.get("validation")
    if figures is None:
        raise TrainingDataError(
            "there is nothing to measure settings on, because no micrograph has all its particles "
            "labelled. Label some completely, and name them with --valid (valid_micrographs=)."
        )
    return {name: 0.0 if math.isnan(figures[name]) else figures[name] for name in FIGURES}


def _notes(objective: str, held_out: Sequence[str], share: float) -> list[str]:
    where = f"on {', '.join(held_out)}" if held_out else "by cross-validation"
    return [
        f"Trainings of deepem tune, best {objective} first, measured {where}.",
        "The best was chosen on these figures, so its own are optimistic: measure it on "
        "micrographs that nothing was chosen on (deepem tune --test, or deepem evaluate).",
        f"training: share of a whole training; trials {share:g}, the best ones again 1. "
        "Trial 0: the default settings.",
    ]


def _measure(model: Model, micrographs: Sequence[Micrograph], truth: Sequence[Picks]) -> Evaluation:
    """Figures of a model at its threshold."""
    picker = Picker(model)
    by_name = {micrograph.name: micrograph for micrograph in micrographs}
    candidates = [picker.scan(by_name[particles.micrograph]) for particles in truth]
    radius_px = picker.diameter_px(micrographs[0]) / 2
    return evaluate(
        candidates,
        list(truth),
        max_distance_px=radius_px,
        edge_margin_px=radius_px,
        threshold=model.header.threshold,
    )


@contextmanager
def _each_warning_once() -> Iterator[None]:
    """Many trainings on the same labels would say the same many times."""
    seen: set[str] = set()

    def is_new(record: logging.LogRecord) -> bool:
        text = record.getMessage()
        is_first = text not in seen
        seen.add(text)
        return is_first

    logger = logging.getLogger("deepem.training")
    logger.addFilter(is_new)
    try:
        yield
    finally:
        logger.removeFilter(is_new)
