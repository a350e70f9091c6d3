"""What a conversion writes: parts, splits, shuffled options, and the manifest that says where each row went."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from wizard.data.converting import manifest
from wizard.data.converting.convert import Conversion, RowsUnfit, convert
from wizard.data.converting.page import proved
from wizard.data.converting.shuffling import order_matters, shuffled
from wizard.data.record import MultipleChoice, Where
from wizard.data.tokens import Tokenizer
from wizard.errors import DataError, StorageError, UsageError

WHERE = Where("f", 1)


def row(number: int, *, options: dict[str, str] | None = None, **more: Any) -> str:
    given_options = options or {
        "A": f"甲{number}",
        "B": f"乙{number}",
        "C": f"丙{number}",
        "D": f"丁{number}",
    }
    letter = "ABCD"[number % 4]
    made = {
        "question": f"第{number}题",
        "options": given_options,
        "answer": given_options[letter],
        "answer_idx": letter,
    }
    return json.dumps(made | more, ensure_ascii=False) + "\n"


def write(folder: Path, text: str, name: str = "in.jsonl") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def whole(done: Conversion) -> bytes:
    return b"".join(part.path.read_bytes() for part in done.parts)


@settings(max_examples=examples(40))
@given(
    st.lists(st.integers(0, 400), min_size=1, max_size=60), st.integers(1_100, 9_000), st.sampled_from([0, 2])
)
def test_parts_are_the_whole_cut_between_rows(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], limit: int, every: int
) -> None:
    """Together the parts are the unsplit output, none is above the limit, and none ends within a row."""
    folder = tmp_path_factory.mktemp("parts")
    text = "".join(
        row(number, page=7) if every and number % every else row(number).replace("第", "x" * size, 1)
        for number, size in enumerate(sizes)
    )
    source = write(folder, text)
    one = convert(source, folder / "one.jsonl", system_prompt="你好")
    many = convert(source, folder / "many.jsonl", system_prompt="你好", max_part_size=limit)

    assert one.output.read_bytes() == whole(many)
    assert all(part.size == part.path.stat().st_size <= limit for part in many.parts)
    assert all(part.path.read_bytes().endswith(b"}\n") for part in many.parts)
    assert [part.rows for part in many.parts] == [part.path.read_bytes().count(b"\n") for part in many.parts]
    assert (one.rows, one.size) == (many.rows, many.size)
    expected = (
        ["many.jsonl"]
        if len(many.parts) == 1
        else [f"many-part{number}.jsonl" for number in range(1, len(many.parts) + 1)]
    )
    assert expected == [part.path.name for part in many.parts]


def test_stale_parts_go_once_the_new_set_is_there(tmp_path: Path) -> None:
    """Files of the run before are removed where they aren't of the new set; files of others stay."""
    source = write(tmp_path, "".join(map(row, range(40))))
    folder = tmp_path / "out"
    convert(source, folder / "o.jsonl", system_prompt="", max_part_size=2_000)
    mine = [folder / "o-part77.jsonl", folder / "o_notes.jsonl"]
    for path in mine:
        path.write_text("mine")

    assert len(names(folder)) > 5
    convert(source, folder / "o.jsonl", system_prompt="", max_part_size=5_000)
    two = convert(source, folder / "o.jsonl", system_prompt="", max_part_size=5_000)
    assert sorted(
        [*[part.path.name for part in two.parts], "o.manifest.json", *[path.name for path in mine]]
    ) == names(folder)
    convert(source, folder / "o.jsonl", system_prompt="")
    assert sorted(["o.jsonl", "o.manifest.json", *[path.name for path in mine]]) == names(folder)


def test_a_row_above_the_limit_is_refused(tmp_path: Path) -> None:
    """No part can hold it: an error, and nothing is written."""
    source = write(tmp_path, row(1))
    with pytest.raises(DataError, match="bytes"):
        convert(source, tmp_path / "out" / "o.jsonl", system_prompt="", max_part_size=50)
    assert ["in.jsonl"] == names(tmp_path)


def test_a_full_disk_leaves_the_old_set(tmp_path: Path) -> None:
    """Where the disk refuses a later part, every old file is as it was, and nothing is beside them."""
    resource = pytest.importorskip("resource", reason="file size limits are POSIX")
    signal = pytest.importorskip("signal")
    folder = tmp_path / "out"
    old = convert(
        write(tmp_path, "".join(map(row, range(40)))),
        folder / "o.jsonl",
        system_prompt="",
        max_part_size=2_000,
    )
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    source = write(tmp_path, "".join(map(row, range(5_000))), "more.jsonl")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, limits[1]))
        with pytest.raises(StorageError, match=r"o\.jsonl"):
            convert(source, folder / "o.jsonl", system_prompt="", max_part_size=300_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)

    assert len(old.parts) > 1
    assert before == {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.posix("symbolic links, which only few users of Windows may make")
def test_no_part_is_written_through_a_link(tmp_path: Path) -> None:
    """A link in the place of a later part, or of the manifest, stops the whole set."""
    source = write(tmp_path, "".join(map(row, range(40))))
    victim = write(tmp_path, "mine", "victim")
    for name in ("o-part2.jsonl", "o.manifest.json"):
        folder = tmp_path / name.replace(".", "_")
        folder.mkdir()
        (folder / name).symlink_to(victim)
        with pytest.raises(StorageError):
            convert(source, folder / "o.jsonl", system_prompt="", max_part_size=3_000)
        assert [name] == names(folder)
    assert "mine" == victim.read_text()


def test_a_part_is_never_the_source(tmp_path: Path) -> None:
    """A source named like a part of its own output is refused, and stays."""
    source = write(tmp_path, "".join(map(row, range(40))), "o-part1.jsonl")
    before = source.read_bytes()
    with pytest.raises(DataError):
        convert(source, tmp_path / "o.jsonl", system_prompt="", max_part_size=2_000)
    assert before == source.read_bytes()
    assert ["o-part1.jsonl"] == names(tmp_path)


SPLIT = (("train", 0.8), ("dev", 0.1), ("test", 0.1))


def test_split_laws(tmp_path: Path) -> None:
    """Every row is in exactly one split, in order; the same question is never in two; another seed gives another split."""
    rows = [row(number % 900) for number in range(1_000)]  # a hundred questions twice
    source = write(tmp_path, "".join(rows))
    plain = convert(source, tmp_path / "a" / "o.jsonl", system_prompt="").output.read_bytes().splitlines()
    done = convert(source, tmp_path / "b" / "o.jsonl", system_prompt="", split=SPLIT, seed=5)
    again = convert(source, tmp_path / "c" / "o.jsonl", system_prompt="", split=SPLIT, seed=5, workers=2)
    other = convert(source, tmp_path / "d" / "o.jsonl", system_prompt="", split=SPLIT, seed=6)
    splits = [part.path.read_bytes().splitlines() for part in done.parts]

    assert ["o_train.jsonl", "o_dev.jsonl", "o_test.jsonl"] == [part.path.name for part in done.parts]
    assert sorted(plain) == sorted(line for some in splits for line in some)
    assert 0 == sum(len(set(one) & set(two)) for one in splits for two in splits if one is not two)
    assert all(list(filter(set(some).__contains__, plain)) == some for some in splits)
    assert [part.sha256 for part in done.parts] == [part.sha256 for part in again.parts]
    assert [part.sha256 for part in done.parts] != [part.sha256 for part in other.parts]
    assert all(
        abs(len(some) / 1_000 - share) < 0.05 for some, (_name, share) in zip(splits, SPLIT, strict=True)
    )


@pytest.mark.parametrize(
    "split",
    [(("a", 0.5),), (("a", 0.5), ("a", 0.5)), (("a/b", 1.0),), (("a", 1.5), ("b", -0.5)), (("", 1.0),)],
)
def test_a_wrong_split_is_refused(tmp_path: Path, split: tuple[tuple[str, float], ...]) -> None:
    """Shares make 1, and names are different and fit for a file's name."""
    with pytest.raises(UsageError):
        convert(write(tmp_path, row(1)), tmp_path / "o.jsonl", system_prompt="", split=split)


def test_a_split_without_rows_is_refused(tmp_path: Path) -> None:
    """An empty file is never written."""
    with pytest.raises(DataError, match="No row"):
        convert(
            write(tmp_path, row(1)),
            tmp_path / "o.jsonl",
            system_prompt="",
            split=(("train", 0.5), ("dev", 0.5)),
        )
    assert ["in.jsonl"] == names(tmp_path)


texts = st.text(min_size=1, max_size=9).map(str.strip).filter(bool)


@given(st.lists(texts, min_size=2, max_size=10), st.data(), st.integers(-9, 9))
def test_shuffle_laws(options: list[str], data: st.DataObject, seed: int) -> None:
    """Labels stay in place, texts are the same ones, the key's texts are unchanged, and it reads back."""
    labelled = tuple(zip("ABCDEFGHIJ", options, strict=False))
    right = sorted(data.draw(st.sets(st.sampled_from([label for label, _text in labelled]), min_size=1)))
    before = MultipleChoice("q", labelled, right[0], WHERE, (), tuple(right[1:]))
    after = shuffled(before, seed)

    assert [label for label, _text in labelled] == [label for label, _text in after.options]
    assert sorted(options) == sorted(text for _label, text in after.options)
    assert sorted(text for _label, text in before.answers) == sorted(text for _label, text in after.answers)
    assert after == proved(after)
    assert after == shuffled(before, seed)


def test_every_order_is_about_as_likely(tmp_path: Path) -> None:
    """Over many rows each of the four places gets about a quarter of the right answers, and the file says the same."""
    rows = [row(number * 4) for number in range(2_000)]  # always A
    done = convert(
        write(tmp_path, "".join(rows)), tmp_path / "o.jsonl", system_prompt="", shuffle_options=True, seed=1
    )
    letters = [
        json.loads(line)["messages"][-1]["content"][4] for line in done.output.read_text("utf-8").splitlines()
    ]

    assert 0 == done.order_kept
    assert all(420 < letters.count(letter) < 580 for letter in "ABCD")


@pytest.mark.parametrize(
    ("option", "matters"),
    [
        ("以上都是", True), ("以上均不正确", True), ("A和B", True), ("A、B、C", True), ("A+B", True), ("上述各项", True),
        ("前两项", True), ("二者均可", True), ("都不是", True), ("其他选项都对", True), ("ABC都对", True), ("选项B", True),
        ("All of the above", True), ("None of the above.", True), ("Both A and B", True), ("neither", True),
        ("both of these", True), ("the above findings", True), ("Option C", True), ("A or C", True),
        ("阿司匹林", False), ("Hepatitis B", False), ("1:2", False), ("A型血", False), ("Both kidneys", False),
    ],
)  # fmt: skip
def test_options_that_name_each_other(option: str, *, matters: bool) -> None:
    """Words for other options keep the row's order; ordinary ones don't."""
    record = MultipleChoice("问", (("A", "甲"), ("B", option)), "A", WHERE)
    assert matters == order_matters(record)


def test_rows_that_keep_their_order_are_said(tmp_path: Path) -> None:
    """They are sent as they are, counted, and named by line."""
    options = {"A": "甲", "B": "乙", "C": "A和B", "D": "以上都不是"}
    source = write(tmp_path, row(0, options=options) + row(1) + row(2, options=options))
    done = convert(source, tmp_path / "o.jsonl", system_prompt="", shuffle_options=True, seed=2)
    plain = convert(source, tmp_path / "p.jsonl", system_prompt="")

    assert 2 == done.order_kept
    assert [1, 3] == [found.where.line for found in done.findings.first("ORDER_KEPT")]
    first, _second, third = done.output.read_bytes().splitlines()
    assert [first, third] == plain.output.read_bytes().splitlines()[::2]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("split", [(), (("train", 0.7), ("dev", 0.3))])
def test_the_manifest_finds_every_row(
    tmp_path: Path, split: tuple[tuple[str, float], ...], workers: int
) -> None:
    """Each line of the source is where the manifest says, also behind blank and faulty lines and across parts."""
    lines = [
        "\n"
        if number % 7 == 3
        else "{\n"
        if number % 11 == 5
        else row(number, page=1)
        if number % 5 == 0
        else row(number)
        for number in range(6_000)
    ]
    source = write(tmp_path, "".join(lines))
    done = convert(
        source,
        tmp_path / "out" / "o.jsonl",
        system_prompt="",
        on_error="skip",
        split=split,
        max_part_size=90_000,
        workers=workers,
    )
    assert done.manifest is not None
    found = manifest.read(done.manifest)
    assert found is not None
    assert found.complete
    outputs = {part.path.name: part.path.read_text("utf-8").splitlines() for part in done.parts}
    places = list(manifest.places(found))

    assert done.rows + done.left_out == len(places)
    for place in places:
        line = lines[place.line - 1]
        if line == "{\n":
            assert (place.line, "", 0) == place
        else:
            assert json.loads(line)["question"] + "\\n" in outputs[place.part][place.output_line - 1]
    assert (places[4],) == manifest.place_of(found, places[4].line)
    assert () == manifest.place_of(found, 4)


def test_rows_of_an_array_have_places_too(tmp_path: Path) -> None:
    """Several rows on one line, and rows over several lines, are counted as they come."""
    rows = [json.loads(row(number)) for number in range(6)]
    text = f"[{json.dumps(rows[0])}, {json.dumps(rows[1])},\n\n{json.dumps(rows[2], indent=1)},\n{json.dumps(rows[3])}]"
    done = convert(write(tmp_path, text, "in.json"), tmp_path / "o.jsonl", system_prompt="")
    assert done.manifest is not None
    found = manifest.read(done.manifest)
    assert found is not None

    assert [(1, 1), (1, 2), (3, 3)] == [(place.line, place.output_line) for place in manifest.places(found)][
        :3
    ]
    assert 4 == done.rows


def test_preferences_and_texts_are_sent_as_the_platform_wants_them(tmp_path: Path) -> None:
    """DPO and CPT rows are written in their own form; a file with both is refused."""
    turn = {"role": "user", "content": "你好"}
    preference = {
        "messages": [turn],
        "chosen": {"role": "assistant", "content": "好"},
        "rejected": {"role": "assistant", "content": "不"},
    }
    one = convert(
        write(tmp_path, json.dumps(preference)),
        tmp_path / "p.jsonl",
        system_prompt="x",
        tokenizer=Tokenizer.load(),
    )
    two = convert(write(tmp_path, '{"text": "文"}'), tmp_path / "t.jsonl", system_prompt="x")

    assert ("preference", "text") == (one.kind, two.kind)
    assert json.dumps(preference, ensure_ascii=False) + "\n" == one.output.read_text("utf-8")
    assert '{"text": "文"}\n' == two.output.read_text("utf-8")
    with pytest.raises(DataError, match="DPO"):
        convert(
            write(tmp_path, json.dumps(preference) + '\n{"text": "文"}'),
            tmp_path / "m.jsonl",
            system_prompt="",
        )


def test_a_sample_says_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the size for exact counts a seeded sample is counted; its interval holds the true mean here, and it is small."""
    source = write(tmp_path, "".join(row(number, page="x" * (number % 40)) for number in range(4_000)))
    tokenizer = Tokenizer.load()
    exact = convert(source, tmp_path / "a.jsonl", system_prompt="你好", tokenizer=tokenizer)
    monkeypatch.setattr("wizard.data.tokens.EXACT", 1)
    monkeypatch.setattr("wizard.data.tokens.SAMPLE", 800)
    drawn = convert(source, tmp_path / "b.jsonl", system_prompt="你好", tokenizer=tokenizer)
    again = convert(source, tmp_path / "c.jsonl", system_prompt="你好", tokenizer=tokenizer, workers=2)

    assert exact.sampled is None
    assert drawn.sampled is not None
    assert 4_000 == drawn.sampled.of
    assert 600 < drawn.sampled.rows < 1_000
    total = sum(length * rows for length, rows in exact.lengths)
    assert drawn.sampled.total[0] <= total <= drawn.sampled.total[2]
    assert drawn.sampled.total[2] < total * 1.02
    assert (drawn.lengths, drawn.sampled) == (again.lengths, again.sampled)


def test_nothing_is_half_written_where_rows_are_unfit(tmp_path: Path) -> None:
    """With "stop" a fault in the last row leaves no part of the set."""
    source = write(tmp_path, "".join(map(row, range(400))) + "{\n")
    with pytest.raises(RowsUnfit):
        convert(source, tmp_path / "out" / "o.jsonl", system_prompt="", max_part_size=5_000)
    assert ["in.jsonl"] == names(tmp_path)
