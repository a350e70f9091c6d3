"""Owns the golden screens: every screen of a run at three sizes and in two languages, as a person would see it.

They stand in ``screens/`` as text files, one for each size and language. ``pytest -m sweep tests/test_screens.py --renew-screens``
renews them; what differs from run to run (ids, digests, ports, times, the random loss) is masked, as wide as it was.
"""

from __future__ import annotations

import gettext
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from patience import PATIENCE
from sandbox_fixture import running
from terminal import PATIENT, Terminal
from test_wizard import CANARY, at

from wizard import locale

pytestmark = pytest.mark.sweep

FOLDER = Path(__file__).parent / "screens"
SIZES = ((120, 40), (80, 24), (40, 12))
WRONG = "sk-canarywrong0123456789abcdef"

Sentence = Callable[[str], str]

HELP = (
    "The file with your questions and answers: JSON, JSON Lines, CSV, Excel, Parquet, or a zip of them.\n"
    "A folder works too; MedQA is taken as it is downloaded. 1,000 rows are the least that teaches a model.\n"
    "Look first: bailian-wizard check FILE. Samples to practise with are in the folder datasets."
)
MODEL_HELP = (
    "The model that your data is added to. A larger one answers better, learns slower and costs more.\n"
    "Begin with the first: what a small one learns from your data tells whether a larger one pays.\n"
    "All with price, source and date: bailian-wizard models"
)

PAUSED = ("Enter next page", "回车下一页")

EPOCHS = "How often all rows are trained. 3 to 5 below 10,000 rows, 1 or 2 above; the cost grows with it."
BATCH = "How many rows are trained at once. There must be more rows than that, or the job fails after some minutes."

# Each question by the sentence that it begins with, and what is pressed there.
TO_THE_KEY: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Where is your data? A file, a folder, or an archive", ("enter",)),
    ("Which set of questions?", ("enter",)),
    ("What shall the model be checked against while it trains?", ("enter",)),
    ("Does this look right?", ("o",)),
    ("Does this look right?", ("enter",)),
    ("I have read it, go on", ("s",)),
    ("I have read it, go on", ("enter",)),
    ("Paste your API key", (WRONG, "enter")),
    ("Keep the key in .env in this folder, readable by you only?", ("enter",)),
    ("What now?", ("enter",)),
    ("Paste your API key", (CANARY, "enter")),
    ("Which model shall be trained?", ("?",)),
    (MODEL_HELP, ("ctrl-c",)),
)
TO_THE_END: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("What next?", ("enter",)),
    ("Which model shall be trained?", ("enter",)),
    ("How shall it be trained?", ("enter",)),
    ("Use the recommended settings?", ("down", "enter")),
    (EPOCHS, ("clear", "0", "enter")),
    ("{name} must be {range}. {why}", ("clear", "3", "enter")),
    (BATCH, ("escape",)),
    (EPOCHS, ("escape",)),
    ("Use the recommended settings?", ("up", "enter")),
    ("Type {word} to upload the data and create the job, which costs money", ("d",)),
    ("Type {word} to upload the data and create the job, which costs money", ("e",)),
    ("What do you want to change?", ("enter",)),
    ("Type {word} to upload the data and create the job, which costs money", ("yes", "enter")),
)


def settled(name: str, shown: str, *, renew: bool) -> None:
    """``shown`` is what the file ``name`` says, or becomes it."""
    path = FOLDER / f"{name}.txt"
    if renew:
        path.write_text(shown, "utf-8")
    assert path.read_text("utf-8") == shown


def sentences(language: str) -> Sentence:
    """A sentence of the code as ``language`` has it."""
    if language == "en":
        return lambda sentence: sentence
    folder = str(Path(locale.__file__).parent)
    return gettext.translation("wizard", folder, [locale.CHINESE]).gettext


def squeezed(text: str) -> str:
    """Without blanks and line ends, as a folded sentence can be found."""
    return re.sub(r"\s|│", "", text)


def masked(text: str) -> str:
    """``text`` with a # for each character that another run would have another of."""
    for pattern in (
        r"ft-\d{12}-[0-9a-f]{4}", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", r"\b([0-9a-f]{16}|[0-9a-f]{32})\b", r"(?<=train-)[0-9a-f]{7,8}", r"(?m)^ {13}[0-9a-f]$", r"(?<=127\.0\.0\.1:)\d{5}", r"\d\d-\d\d(?= \d\d:\d\d\b)",
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(,\d{3})?", r"\b\d\d?:\d\d\b", r"(?<=loss )\d\.\d{3}", r"\b\d{1,3} %",
    ):  # fmt: skip
        text = re.sub(pattern, lambda found: re.sub(r"\w", "#", found.group()), text)
    text = re.sub(r"(?m)^ *(\d\.\d{3})? *\|.*$", "<curve>", text)
    return re.sub(r"(?m)^ +\d+ +\d+$", "<axis>", text)


def wait_for(terminal: Terminal, sentence: str, *, since: int | None = None) -> int:
    """Wait until ``sentence`` is on the screen, however folded, with a prompt below it, and the screen rests.

    With ``since``, for a terminal that is only written line by line: until it was written after that many characters.
    Gives the characters that were written.
    """
    last = sentence.rsplit("\n", maxsplit=1)[-1]
    wanted = squeezed(max(re.split(r"{\w+}", last), key=len))[:24]
    until = time.monotonic() + PATIENCE
    while True:
        terminal.settle(0.3)
        if since is None and any(
            squeezed(paused) in squeezed("\n".join(terminal.lines)) for paused in PAUSED
        ):
            terminal.press("enter")
            continue
        written = squeezed(terminal.text)
        shown = squeezed("\n".join(terminal.lines)) if since is None else written[since:]
        if wanted in shown and terminal.lines[terminal.screen.cursor.y].strip():
            return len(written)
        assert time.monotonic() < until, f"{sentence!r} did not come; the screen:\n{terminal.text}"


def walk(terminal: Terminal, stages: tuple[tuple[str, tuple[str, ...]], ...], say: Sentence) -> list[str]:
    """Press what each stage says once it is there; gives each screen as it was before."""
    screens = []
    for sentence, keys in stages:
        wait_for(terminal, say(sentence))
        screens.append(screen(terminal))
        terminal.press(*keys)
    return screens


def screen(terminal: Terminal) -> str:
    """What is on the screen now, masked."""
    return masked("\n".join(terminal.lines)).rstrip("\n")


@pytest.fixture
def say(language: str) -> Sentence:
    """Sentences in the language of the test."""
    return sentences(language)


@pytest.fixture
def renew(pytestconfig: pytest.Config) -> bool:
    """Whether the files shall say what is shown."""
    return bool(pytestconfig.getoption("--renew-screens"))


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("size", SIZES)
def test_every_screen(folder: Path, size: tuple[int, int], language: str, say: Sentence, renew: bool) -> None:
    """Each screen is as it was settled, nothing is wider than the terminal, and no line is cut without a sign."""
    columns, rows = size
    with running(folder / "platform", speed=50) as sandbox:
        env = {**at(sandbox, folder, key=""), "BAILIAN_WIZARD_LANG": language}
        with Terminal([], folder, program=PATIENT, env=env, columns=columns, rows=rows) as terminal:
            screens = walk(terminal, TO_THE_KEY, say)
            assert 130 == terminal.end()
            screens.append(screen(terminal))
        with Terminal([], folder, program=PATIENT, env=env, columns=columns, rows=rows) as terminal:
            screens += walk(terminal, TO_THE_END, say)
            assert 0 == terminal.end()
            screens.append(screen(terminal))
        with Terminal([], folder, program=PATIENT, env=env, columns=columns, rows=rows) as terminal:
            screens += walk(terminal, (("What next?", ("enter",)),), say)
            terminal.end()
    rule = "=" * columns
    shown = "".join(f"{rule} {number}\n{text}\n" for number, text in enumerate(screens, 1))
    settled(f"{columns}x{rows}.{language}", shown, renew=renew)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_plain_screen(folder: Path, language: str, say: Sentence, renew: bool) -> None:
    """The plain front end's whole conversation up to the typed word is as it was settled."""
    with Terminal(["--sandbox", "--plain", "--lang", language], folder, columns=80, rows=24) as terminal:
        since = 0
        for sentence, typed in (
            (TO_THE_KEY[0][0], "?"), (HELP, ""), (TO_THE_KEY[1][0], "9"), ("Type a number from 1 to {count}.", "1"),
            (TO_THE_KEY[2][0], "b"), (TO_THE_KEY[1][0], ""), (TO_THE_KEY[2][0], ""), ("Does this look right?", "o"),
            ("Number{offered}, b back, ? help: ", ""), ("I have read it, go on", ""), ("Which model shall be trained?", ""), ("How shall it be trained?", ""), ("Use the recommended settings?", ""),
        ):  # fmt: skip
            since = wait_for(terminal, say(sentence), since=since)
            terminal.press(typed + "\r")
        wait_for(terminal, say("{word} to go on, b back, ? help: "), since=since)
        terminal.press("ctrl-d")
        assert 130 == terminal.end()
        shown = masked(terminal.text).rstrip("\n")
    settled(f"plain.{language}", shown + "\n", renew=renew)
