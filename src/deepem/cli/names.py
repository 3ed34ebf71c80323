"""How coordinates were matched to micrographs by name, in words."""

from __future__ import annotations

from deepem.cli.console import count, print_note, print_warning
from deepem.io.pairing import Pairing, name_some

_N_SHOWN = 3


def report_names(pairing: Pairing) -> None:
    """Say which names were matched how, and which were not and why."""
    n_equal = len(pairing.pairs) - sum(pairing.rules.values())
    matched = [f"{n_equal} by equal names"] if n_equal else []
    matched += [f"{n} {rule}" for rule, n in pairing.rules.items()]
    print_note(f"{count(len(pairing.pairs), 'micrograph')} matched: {', '.join(matched)}")
    for name, reason in list(pairing.unmatched_names.items())[:_N_SHOWN]:
        print_warning(f"{name} left out: {reason}.")
    if len(pairing.unmatched_names) > _N_SHOWN:
        print_warning(f"{len(pairing.unmatched_names) - _N_SHOWN} more names left out.")
    if pairing.unlabelled:
        names = [file.path.name for file in pairing.unlabelled]
        print_warning(f"Micrographs without coordinates: {name_some(names)}.")
