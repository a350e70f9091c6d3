"""The limits of this computer's user: what they let pass, that no flag raises them, and that a slip lifts none."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import outputs
import pytest
from conftest import Command
from hypothesis import given
from hypothesis import strategies as st

from wizard.errors import NotAllowed, OverBudget, UsageError
from wizard.money import limits
from wizard.money.ledger import Entry, Ledger

AMOUNTS = st.decimals(min_value=0, max_value=1000, places=2)


@pytest.fixture
def state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the user's own state, outside of every project."""
    folder = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("BAILIAN_WIZARD_STATE", str(folder))
    return folder


class Approved(Ledger):
    """A ledger that knows how much was approved this month."""

    def __init__(self, before: Decimal) -> None:
        self.before = before

    def approved_this_month(self, currency: str) -> Decimal:
        """As it was told."""
        return self.before if currency == "CNY" else Decimal()


@given(most=AMOUNTS, before=AMOUNTS, job=st.none() | AMOUNTS, month=st.none() | AMOUNTS)
def test_what_passes_is_within_each_limit(
    most: Decimal, before: Decimal, job: Decimal | None, month: Decimal | None
) -> None:
    """A job passes if its upper end, and with it the sum of the month, is not above the limit that there is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "limits", lambda: limits.Limits(_cny(job), _cny(month)))
        within = (job is None or most <= job) and (month is None or before + most <= month)
        try:
            limits.demand("m", str(most), "CNY", Approved(before))
        except OverBudget:
            assert not within
        else:
            assert within


def _cny(amount: Decimal | None) -> dict[str, Decimal]:
    return {} if amount is None else {"CNY": amount}


def test_what_cant_be_held_against_a_limit_does_not_pass(state: Path) -> None:
    """Neither a job without a known price, nor one in a currency of which nothing is said, nor a model that isn't named."""
    (state / limits.FILE).write_text('models = ["m"]\n[CNY]\njob = 5\n', "utf-8")
    for most, currency in (("", ""), ("1.00", "USD")):
        with pytest.raises(OverBudget):
            limits.demand("m", most, currency, Approved(Decimal()))
    with pytest.raises(NotAllowed):
        limits.demand("other", "1.00", "CNY", Approved(Decimal()))
    limits.demand("m", "5.00", "CNY", Approved(Decimal()))


@pytest.mark.parametrize(
    "text",
    ["job = 5", "[CNY]\njop = 5", "[EUR]\njob = 5", "[CNY]\njob = '5'", "[CNY]\njob = -1", "[CNY]\njob = nan", "models = 'm'", "CNY = 5", "\x00", "[CNY", "[CNY]\njob = true"],
)  # fmt: skip
def test_a_slip_lifts_no_limit(state: Path, text: str) -> None:
    """A file that isn't understood whole is an error, whatever else it says."""
    (state / limits.FILE).write_text(text, "utf-8")
    with pytest.raises(UsageError):
        limits.limits()


def test_what_is_freed_counts_no_more(state: Path, tmp_path: Path) -> None:
    """The month's sum is of what was spent and not freed, each currency by itself."""
    assert state.is_dir()
    ledger = Ledger(tmp_path / "project", everywhere=True)
    (tmp_path / "project").mkdir()
    one = Entry(
        kind="spent", approval="a", base="b", session="s", platform="p", key="k", most="2.50", currency="CNY"
    )
    with ledger.held():
        ledger.write(one)
        ledger.write(
            Entry(
                kind="spent",
                approval="c",
                base="b",
                session="s",
                platform="p",
                key="k",
                most="4",
                currency="CNY",
            )
        )
        ledger.write(Entry(kind="freed", approval="c", base="b", session="s", platform="p", key="k"))
    assert (Decimal("2.50"), Decimal()) == tuple(map(ledger.approved_this_month, ("CNY", "USD")))


@pytest.mark.sweep
def test_no_flag_raises_a_limit(command: Command, folder: Path, state: Path) -> None:
    """A plan beyond the limit is refused by plan and run, with a budget far above it; within it the job is created, and the month counts it."""
    assert folder.is_dir()

    def code(*words: str) -> str:
        done = command(*words, "--sandbox", "--yes", "--json", env={"BAILIAN_WIZARD_STATE": str(state)})
        told = outputs.envelope(done.stdout)
        assert done.returncode == (0 if "data" in told else 2), done.stderr
        return str(told["error"]["code"]) if "error" in told else ""

    (state / limits.FILE).write_text("[CNY]\njob = 0.5\n", "utf-8")
    assert ["over-budget"] * 2 == [code(one, "--set", "training.budget=1000") for one in ("plan", "run")]
    (state / limits.FILE).write_text('models = ["qwen3-8b"]\n', "utf-8")
    assert "not-allowed" == code("plan", "--set", "training.model=qwen2.5-7b-instruct")
    (state / limits.FILE).write_text("[CNY]\njob = 2\nmonth = 2\n", "utf-8")
    assert "" == code("run", "--set", "training.model=qwen2.5-7b-instruct")
    assert "over-budget" == code("run", "--new", "--set", "training.model=qwen2.5-7b-instruct")
