"""The command line of the sandbox: ``python -m wizard.sandbox --state DIR``."""

from __future__ import annotations

import argparse
import ipaddress
import sys
from pathlib import Path

from wizard.sandbox.options import SETTINGS, Options


def main() -> int:
    """Serve until told to stop; 0 when stopped as asked, 1 when it could not start (one sentence on standard error)."""
    options = _options(_parser())
    from wizard.sandbox.server import CannotServe, serve

    try:
        serve(options)
    except CannotServe as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m wizard.sandbox",
        description="The Bailian fine-tuning platform on this computer, over real HTTP. Prints one JSON line, then serves.",
        allow_abbrev=False,
        argument_default=argparse.SUPPRESS,  # the defaults are those of Options
    )
    add = parser.add_argument
    add("--state", type=Path, required=True, metavar="DIR", help="where files and jobs are kept")
    add("--port", type=int, help="0 (the default): any free port")
    add("--host", type=_loopback, help="a loopback address")
    add("--until-stdin-closes", action="store_true", help="end when standard input ends")
    add("--speed", type=_positive, metavar="FACTOR", help="jobs run so many times faster")
    add("--commit-delay", type=float, metavar="SECONDS", help="before an effect is committed")
    add(
        "--refuse-field",
        action="append",
        default=[],
        metavar="NAME",
        help="answer 400 to a job creation with this field",
    )
    add(
        "--settings",
        choices=SETTINGS,
        help="the hyper-parameters that a job tells: those in force, or as sent",
    )
    add("--forget-job-names", action="store_true", help="don't keep the job_name given at creation")
    add("--unique-model-names", action="store_true", help="409 for a second job with the same model_name")
    add("--keep-finished-jobs", action="store_true", help="refuse to delete a job that has ended")
    add("--max-files", type=int)
    add("--max-stored-bytes", type=int)
    add("--max-file-bytes", type=int)
    add("--max-jobs", type=int)
    add("--max-unfinished-jobs", type=int)
    return parser


def _options(parser: argparse.ArgumentParser) -> Options:
    given = vars(parser.parse_args())
    refused = frozenset(given.pop("refuse_field"))
    return Options(**given, refuse_fields=refused)


def _loopback(host: str) -> str:
    """``host``, if nobody but this computer can reach it: the sandbox takes any key that looks like one."""
    try:
        local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = False
    if not local:
        raise argparse.ArgumentTypeError(f"{host} is not a loopback address")
    return host


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


if __name__ == "__main__":
    sys.exit(main())
