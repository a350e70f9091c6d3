"""What a sandbox can be told at its start, and the limits that it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MEBIBYTE = 1024 * 1024
SETTINGS = ("used", "declared", "text")


@dataclass(frozen=True, slots=True)
class Options:
    """The command line of ``python -m wizard.sandbox``.

    ``speed``: jobs run so many times faster. ``commit_delay``: seconds between a request's arrival and its effect.
    ``refuse_fields``: top-level fields of a job's creation that are answered with 400, as a newer platform might.
    ``settings``: which hyper-parameters a job tells, one of ``SETTINGS`` (``catalog.told`` says what each means).
    The limits: 10,000 files and 100 GB in all (upload-file-api, autumn 2026), 300 MB a file (fine-tuning-api-guide
    2026-05-26), 20 jobs running or succeeded (model-training-api-reference 2026-05-26). How many jobs may be under way
    before "Too many fine-tune job in running" is not published: 10 is the sandbox's own number.
    """

    state: Path
    host: str = "127.0.0.1"
    port: int = 0
    until_stdin_closes: bool = False
    speed: float = 1.0
    commit_delay: float = 0.0
    refuse_fields: frozenset[str] = frozenset()
    settings: str = "used"
    forget_job_names: bool = False
    unique_model_names: bool = False
    keep_finished_jobs: bool = False
    max_files: int = 10_000
    max_stored_bytes: int = 100 * 1024 * MEBIBYTE
    max_file_bytes: int = 300 * MEBIBYTE
    max_jobs: int = 20
    max_unfinished_jobs: int = 10
