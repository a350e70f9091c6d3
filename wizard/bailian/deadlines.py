"""How long the platform is waited for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deadlines:
    """In seconds.

    ``connect``: until a connection stands. ``read``: a read with its repetitions, all in all. ``change``: a request that
    changes something, until its answer has ended. ``aside``: a read that only helps, with all of its pages. ``upload_idle``: how long an upload may stand still.
    ``upload_answer``: from an upload's last byte to the end of its answer.
    """

    connect: float = 5.0
    read: float = 20.0
    change: float = 60.0
    aside: float = 5.0
    upload_idle: float = 60.0
    upload_answer: float = 300.0
