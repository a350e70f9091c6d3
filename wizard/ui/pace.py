"""How fast something goes and how long it will still take, in words: for front ends that draw no bar."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from wizard.locale import _

WINDOW = 30.0  # seconds that count for the speed: a line that was slow an hour ago may be fast now
LEAST = 10.0  # seconds before which a speed is a guess, and nobody asks
STEP = 1.0  # seconds between the moments that are kept
LONGEST = 100 * 3600  # seconds; more is no forecast
SILENCE = 60.0  # seconds after which work that goes on says so
KILO = 1024


class Pace:
    """Takes how much is done, again and again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, int]] = deque()
        self._now = (0.0, 0)

    def took(self, done: int) -> None:
        """Now ``done`` is done."""
        now = self._clock()
        self._now = (now, done)
        if not self._seen or now - self._seen[-1][0] >= STEP:
            self._seen.append(self._now)
        while now - self._seen[0][0] > WINDOW:
            self._seen.popleft()

    def words(self, total: int, *, in_bytes: bool) -> str:
        """Such as "30.0 KB/s, 0:45:10 left"; empty where nothing can be said yet."""
        if not self._seen:
            return ""
        (began, first), (now, done) = self._seen[0], self._now
        if now - began < LEAST or done <= first:
            return ""
        speed = (done - first) / (now - began)
        left = (total - done) / speed
        forecast = _("{time} left").format(time=_time(left)) if left < LONGEST else _("no end in sight")
        return f"{_speed(speed)}, {forecast}" if in_bytes else forecast


def _speed(amount: float) -> str:
    units = ["B/s", "KB/s", "MB/s"]
    while amount >= KILO and len(units) > 1:
        amount /= KILO
        units.pop(0)
    return f"{amount:.1f} {units[0]}"


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


class Lines:
    """A bar as lines: one where another part of ``every`` is done, and one after a while however little is done."""

    def __init__(
        self, label: str, write: Callable[[str], None], *, in_bytes: bool, every: int | None = None
    ) -> None:
        self._label = label
        self._write = write
        self._in_bytes = in_bytes
        self._every = every
        self._pace = Pace()
        self._part = 0
        self._told = time.monotonic()

    def update(self, done: int, total: int | None = None) -> None:
        """A line when it is time for one."""
        self._pace.took(done)
        if not total or done >= total:
            return
        part = done * self._every // total if self._every else 0
        if part <= self._part and time.monotonic() - self._told < SILENCE:
            return
        percent = part * 100 // self._every if self._every and part > self._part else done * 100 // total
        self._part, self._told = max(part, self._part), time.monotonic()
        forecast = self._pace.words(total, in_bytes=self._in_bytes)
        line = _("{title}: {line}").format(title=self._label, line=f"{percent} %")
        self._write(_("{text} ({aside})").format(text=line, aside=forecast) if forecast else line)
