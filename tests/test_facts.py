"""Facts that cross steps: what stands in the session is what was written, and comes back as it was."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.engine.step import Facts
from wizard.steps import facts as known
from wizard.steps.facts import (
    Chosen,
    Converted,
    Cost,
    Counted,
    Ended,
    Estimate,
    Proof,
    Sampled,
    Systems,
    Uploaded,
    trained,
)

MADE = {
    Chosen: st.builds(Chosen, columns=st.dictionaries(st.text(), st.text(), max_size=3)),
    Converted: st.builds(Converted),
    Counted: st.builds(
        Counted, lengths=st.lists(st.tuples(st.integers(), st.integers()), max_size=3).map(tuple), sampled=st.none() | st.builds(Sampled, low=st.just(1.5), high=st.just(2.5)),
        systems=st.none() | st.builds(Systems),
    ),
    Proof: st.builds(Proof),
    Estimate: st.builds(Estimate, cost=st.none() | st.builds(Cost)),
    Uploaded: st.builds(Uploaded),
    Ended: st.builds(Ended),
}  # fmt: skip
# The session's format: a change here needs a migration of it.
STORED = {
    Chosen: "role path output size modified_ns columns sha256 reading made_of",
    Converted: "role path rows size md5 sha256",
    Counted: "role source rows left_out characters kind lengths sampled systems left_out_file",
    Proof: "where shown fingerprint endpoint",
    Estimate: "rows rows_dropped rows_counted tokens tokens_approximate low high currency price price_date price_source formula_low formula_high reason",
    Uploaded: "role name file_id adopted",
    Ended: "status usage output_model ended failure_code failure_message loss eval_loss step",
}  # fmt: skip


@given(st.one_of(*MADE.values()))
def test_a_fact_comes_back_as_it_was_written(fact: Any) -> None:
    """Through JSON, and with what another version wrote beside it, each fact is read as it was."""
    stored = fact.as_json()
    again = json.loads(json.dumps(stored))
    assert again == stored
    assert fact == type(fact).read({**again, "of a newer version": 1})
    assert (fact,) == type(fact).all({fact.KEY: [again]})
    assert fact == type(fact).of({fact.KEY: again})
    assert () == type(fact).all({})


@given(st.one_of(*MADE.values()))
def test_the_session_keeps_its_format(fact: Any) -> None:
    """The keys in the session are those that were always there; an estimate without a price has two ends that are null."""
    names = set(STORED[type(fact)].split())
    if isinstance(fact, Estimate) and fact.cost is None:
        names = set(STORED[Estimate].split()[:7])
        assert (None, None) == (fact.as_json()["low"], fact.as_json()["high"])
    assert names == fact.as_json().keys()


def test_every_fact_is_tried_here() -> None:
    """Each kind of fact in the room is among those above, under a key of its own."""
    kinds = {kind for kind in vars(known).values() if isinstance(kind, type) and hasattr(kind, "KEY")}
    assert set(MADE) == kinds
    assert len(kinds) == len({kind.KEY for kind in kinds if issubclass(kind, known._Fact)})


@pytest.mark.parametrize(("role", "sent"), [("train", True), ("validation", True), ("kept", False)])
def test_what_is_kept_is_not_sent(role: Any, sent: bool) -> None:
    """Only what trains and what validates leaves the computer, under the last part of its path."""
    file = Converted(role=role, path="a/b/c.jsonl", rows=1, size=1, md5="", sha256="")
    assert (sent, "c.jsonl") == (file.sent, file.name)


def test_what_trains_is_told_from_the_rest() -> None:
    """The statistics of what trains are found wherever they stand; there are none before the conversion."""
    entry = {
        "source": "",
        "rows": 1,
        "left_out": 0,
        "characters": 1,
        "kind": "chat",
        "lengths": [[1, 1]],
        "sampled": None,
    }
    found = trained(Facts({Counted.KEY: [entry | {"role": "kept"}, entry | {"role": "train", "rows": 2}]}))
    assert found is not None
    assert (2, ((1, 1),)) == (found.rows, found.lengths)
    assert trained(Facts()) is None
