"""The session file cut at every byte, with a bit flipped at every eighth, of other schemas, and as no session at all.

The first two on the example of each schema, as the engine's own tests do it with a smaller one; then the whole program on
the session of a finished journey: it explains and keeps what it can't read, refuses what is newer and leaves it alone, and
creates nothing a second time without asking.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from test_engine_session import EXAMPLES, NO_SESSIONS, OTHER_TEXTS, cut, flipped, unchecked

from sweeps.family import Case
from sweeps.journey import ASKED, INTERRUPTED, Journey, journey
from wizard.engine.session import FILE, SCHEMA

QUICK = 24
MISSING = ""
DAMAGED, NEWER = 1, 6
PLACES = 32  # of a whole journey's session, for cuts and for bits each
NEWER_SCHEMAS = (SCHEMA + 1, SCHEMA + 2, 99, 10**6, 2**63)
UNKNOWN_SCHEMAS = (0, -1, "1", None, 1.5)


def cases(seed: int) -> Sequence[Case]:  # noqa: ARG001 - nothing is drawn: these are all
    """The engine on every place of the examples, the program on some of a session of its own and on every other kind."""
    found: list[Case] = []
    for example in sorted(EXAMPLES.glob("v*.json")):
        data = example.read_bytes()
        found += [
            Case(f"{example.stem}-cut-{length}", partial(_cut, data, length)) for length in range(len(data))
        ]
        found += [
            Case(f"{example.stem}-bit-{at}.{bit}", partial(_flipped, data, at, bit))
            for at in range(0, len(data), 8)
            for bit in range(8)
        ]
    found += [
        Case(f"program-cut-{n}-of-{PLACES}", partial(_program, partial(_shorter, n))) for n in range(PLACES)
    ]
    found += [
        Case(f"program-bit-{n}-of-{PLACES}", partial(_program, partial(_bit, n))) for n in range(PLACES)
    ]
    changes: list[Mapping[str, Any]] = [*({"schema": schema} for schema in UNKNOWN_SCHEMAS), *NO_SESSIONS[5:]]
    found += [
        Case(f"program-no-session-{number}", partial(_program, partial(_other, change)))
        for number, change in enumerate(changes)
    ]
    found += [
        Case(f"program-text-{number}", partial(_program, partial(_text, text)))
        for number, text in enumerate(OTHER_TEXTS)
    ]
    found += [Case(f"program-newer-{schema}", partial(newer, schema)) for schema in NEWER_SCHEMAS]
    found += [
        Case(f"program-{example.stem}", partial(older, example))
        for example in sorted(EXAMPLES.glob("v*.json"))
    ]
    return found


def _cut(data: bytes, length: int, folder: Path) -> None:
    cut(folder, data, length)


def _flipped(data: bytes, at: int, bit: int, folder: Path) -> None:
    flipped(folder, data, at, bit)


def _shorter(number: int, data: bytes) -> bytes:
    return data[: len(data) * number // PLACES]


def _bit(number: int, data: bytes) -> bytes:
    changed = bytearray(data)
    changed[len(data) * number // PLACES] ^= 1 << number % 8
    return bytes(changed)


def _other(change: Mapping[str, Any], data: bytes) -> bytes:
    return json.dumps(unchecked(data) | dict(change)).encode()


def _text(text: str, _data: bytes) -> bytes:
    return text.encode()


def _program(change: partial[bytes], folder: Path) -> None:
    """The session of a finished journey is another one by now: told and kept, then gone on from the copy before it.

    A bit may also be flipped where it says nothing; what holds of any session is that nothing is created a second time.
    """
    with journey(folder) as mine:
        assert mine.start().code == INTERRUPTED
        path = mine.folder / ".wizard" / FILE
        damaged = change(path.read_bytes())
        path.write_bytes(damaged)
        first = mine.start()
        assert first.code in (DAMAGED, NEWER, INTERRUPTED, ASKED), first
        if first.code == NEWER:
            assert path.read_bytes() == damaged
            return
        if first.code == DAMAGED:
            kept = [entry.read_bytes() for entry in path.parent.glob("session.damaged-*.json")]
            assert kept == [damaged], first
            assert "session.damaged-" in first.said
            mine.never_twice()
            again = mine.start()
            assert again.code in (INTERRUPTED, ASKED), again
        mine.never_twice()


def newer(schema: int, folder: Path) -> None:
    """Refused politely; every file but the log stays as it was, its modes too."""
    with journey(folder) as mine:
        assert mine.start().code == INTERRUPTED
        path = mine.folder / ".wizard" / FILE
        path.write_bytes(_other({"schema": schema, "something": "new"}, path.read_bytes()))
        before = _all(mine)
        for words in ((), ("run", "--yes"), ("plan", "--yes"), ("run", "--yes", "--new")):
            ended = mine.start(*words)
            assert ended.code == NEWER, ended
            assert "newer version" in ended.said
        assert _all(mine) == before


def older(example: Path, folder: Path) -> None:
    """A session of this or any older schema is read, and what came of its job is looked for before anything is sent."""
    with journey(folder) as mine:
        state = mine.folder / ".wizard"
        state.mkdir(mode=0o700)
        (state / FILE).write_bytes(example.read_bytes())
        ended = mine.start("sessions")
        assert ended.code == 0, ended
        assert json.loads(example.read_bytes())["id"] in ended.said
        mine.never_twice()


def _all(mine: Journey) -> dict[str, tuple[int, bytes]]:
    found = {}
    for root, _folders, names in os.walk(mine.folder / ".wizard"):
        for name in sorted({*names} - {"log.jsonl"}):  # to which every start adds
            path = Path(root, name)
            found[str(path)] = (path.stat().st_mode, path.read_bytes())
    return found
