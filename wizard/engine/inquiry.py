"""Questions to something far away, each put in a thread of its own: nobody waits for the answers longer than they want to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue

Heard = Callable[[], str]
"""What an answer comes to: done where it is heard, not where it was asked; gives what is to be said of it, or nothing."""
Question = Callable[[], Heard]


class Inquiry:
    """Asks at once. An answer that comes late is kept until somebody listens; what a question raises is raised there."""

    def __init__(self, questions: Sequence[Question]) -> None:
        self.open = len(questions)
        """How many have no answer that was heard."""
        self._answers: SimpleQueue[Heard | BaseException] = SimpleQueue()
        for question in questions:
            threading.Thread(target=self._put, args=(question,), daemon=True).start()

    def _put(self, question: Question) -> None:
        try:
            answer: Heard | BaseException = question()
        except BaseException as raised:  # noqa: BLE001 - it is raised again, where it is heard
            answer = raised
        self._answers.put(answer)

    def heard(self, within: float | None) -> Iterator[Heard]:
        """The answers that come within so many seconds, or all of them (None)."""
        until = None if within is None else time.monotonic() + within
        while self.open:
            try:
                answer = self._answers.get(
                    timeout=None if until is None else max(until - time.monotonic(), 0)
                )
            except Empty:
                return
            self.open -= 1
            if isinstance(answer, BaseException):
                raise answer
            yield answer
