"""``python -m sweeps [FAMILY ...]``: run the named families, or all, and print what each came to."""

from __future__ import annotations

import argparse
import faulthandler
import os
import signal
import sys
from tempfile import TemporaryDirectory

from sweeps.family import FAMILIES, Outcome, family, run
from wizard.local.userstate import VARIABLE

TOLD = 100  # cases between two signs of life


def main() -> int:
    """Run them one after another; 1 where a case did not hold."""
    options = _options()
    with TemporaryDirectory(prefix="sweep-user-") as user:
        os.environ[VARIABLE] = user  # some cases open sessions in this very process
        return _run(options)


def _run(options: argparse.Namespace) -> int:
    outcomes: list[Outcome] = []
    absent: list[tuple[str, str]] = []
    faulthandler.register(signal.SIGUSR1)  # where does it stand?
    for name in options.families or FAMILIES:
        if missing := family(name).MISSING:
            absent.append((name, missing))
            continue

        def told(done: int, of: int, name: str = name) -> None:
            if done == of or done % TOLD == 0:
                print(f"{name}: {done} of {of}", file=sys.stderr, flush=True)

        outcome = run(
            name, seed=options.seed, jobs=options.jobs, sample=options.sample, only=options.case, on_case=told
        )
        for failure in outcome.failures:
            again = f"python -m sweeps {name} --seed {options.seed} --case '{failure.case}'"
            print(f"\n{name} {failure.case}\n{failure.why}\nagain: {again}", flush=True)
        outcomes.append(outcome)
    _table(outcomes, absent)
    return 1 if any(outcome.failures for outcome in outcomes) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sweeps", description=__doc__)
    parser.add_argument("families", nargs="*", metavar="FAMILY", help=f"of {', '.join(FAMILIES)}; all")
    parser.add_argument(
        "--jobs", type=int, default=2 * (os.cpu_count() or 1), help="cases at a time (twice the cores)"
    )
    parser.add_argument("--seed", type=int, default=0, help="for what is drawn at random (0)")
    parser.add_argument("--sample", type=int, help="only so many cases of each family, evenly spread")
    parser.add_argument("--case", action="append", default=[], help="only the case of this name; repeatable")
    options = parser.parse_args()
    if unknown := [name for name in options.families if name not in FAMILIES]:
        parser.error(f"no such family: {', '.join(unknown)}; there are: {', '.join(FAMILIES)}")
    return options


def _table(outcomes: list[Outcome], absent: list[tuple[str, str]]) -> None:
    print(f"\n{'family':14} {'cases':>7} {'failures':>9} {'seconds':>8}")
    for outcome in outcomes:
        print(
            f"{outcome.family:14} {outcome.cases:7,} {len(outcome.failures):9,} {outcome.seconds:8.0f}",
            flush=True,
        )
    for name, missing in absent:
        print(f"{name:14} {'–':>7} {'–':>9} {'–':>8}  {missing}")


if __name__ == "__main__":
    sys.exit(main())
