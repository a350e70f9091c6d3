"""Finding data: MedQA's sets wherever they lie, the names of outputs, and counts of rows."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.data.files.catalog import Split, count_rows, find_sets, locate, output_name
from wizard.data.files.pinyin import spelled

REAL = Path(__file__).parents[2] / "shared" / "data"

needs_real_data = pytest.mark.skipif(
    not REAL.is_dir(), reason="the real MedQA files are not on this computer"
)

ALL = (
    "Mainland/4_options/train.jsonl",
    "Mainland/4_options/dev.jsonl",
    "Mainland/4_options/test.jsonl",
    "Taiwan/train.jsonl",
    "Taiwan/dev.jsonl",
    "Taiwan/test.jsonl",
    "US/4_options/phrases_no_exclude_train.jsonl",
    "US/4_options/phrases_no_exclude_dev.jsonl",
    "US/4_options/phrases_no_exclude_test.jsonl",
)


def plant(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}\n")
    return root


@pytest.mark.parametrize(
    "front",
    ["", "questions", "data_clean/questions", "MedQA/questions", "data/MedQA", "a/data_clean/questions"],
)
def test_whatever_stands_in_front(tmp_path: Path, front: str) -> None:
    """All nine files are found below any folders, with the toolkit's nine output names."""
    root = plant(tmp_path / front, *ALL)
    plant(tmp_path, "__MACOSX/questions/Taiwan/dev.jsonl", ".hidden/Taiwan/dev.jsonl")
    plant(
        root, ".DS_Store", "Mainland/chinese_qbank.jsonl", "US/train.jsonl", "Mainland/4_options/._dev.jsonl"
    )

    found = find_sets(tmp_path)

    assert [(root, "mainland_4opt"), (root, "taiwan"), (root, "us_4opt")] == [
        (one.root, one.id) for one in found
    ]
    assert [
        (root / path, f"{name}_{split}.jsonl")
        for path, (name, split) in zip(
            ALL,
            [
                (name, split)
                for name in ("mainland_4opt", "taiwan", "us_4opt")
                for split in ("train", "dev", "test")
            ],
            strict=True,
        )
    ] == [(split.path, split.output) for one in found for split in one.splits]


def test_missing_splits_are_fine(tmp_path: Path) -> None:
    """A set has the splits that are there, and a set without any is not listed."""
    plant(tmp_path, "Taiwan/train.jsonl", "US/README")

    (taiwan,) = find_sets(tmp_path)

    assert ("train",) == tuple(split.name for split in taiwan.splits)
    assert taiwan.split("dev") is None
    assert taiwan.splits[0] == taiwan.split("train")


def test_a_region_folder_itself(tmp_path: Path) -> None:
    """Given a region's folder, or its 4_options, only that region is found."""
    plant(tmp_path, *ALL)

    for folder in ("Mainland", "Mainland/4_options"):
        (found,) = find_sets(tmp_path / folder)
        assert ("mainland_4opt", tmp_path) == (found.id, found.root)


@pytest.mark.posix("symbolic links, which only few users of Windows may make")
def test_links_that_go_round_and_folders_far_down(tmp_path: Path) -> None:
    """A link to a folder above ends, a link to data is followed, and more than four folders down is too far."""
    elsewhere = plant(tmp_path / "elsewhere", "Taiwan/dev.jsonl")
    top = tmp_path / "top"
    top.mkdir()
    (top / "round").symlink_to(top, target_is_directory=True)
    (top / "data").symlink_to(elsewhere, target_is_directory=True)
    plant(top / "1/2/3/4/5", "US/4_options/phrases_no_exclude_dev.jsonl")

    assert [("taiwan", top / "data")] == [(one.id, one.root) for one in find_sets(top)]
    assert () == find_sets(tmp_path / "nowhere")


def test_the_nearest_copy_counts(tmp_path: Path) -> None:
    """Where a set lies twice, each id is still there once."""
    plant(tmp_path / "b/c", "Taiwan/dev.jsonl")
    plant(tmp_path / "z", "Taiwan/dev.jsonl")

    assert [tmp_path / "z"] == [one.root for one in find_sets(tmp_path)]


def test_one_file_by_its_path() -> None:
    """A file is known by its last folders and its name alone."""
    path = Path("/x/Mainland/4_options/dev.jsonl")

    assert ("mainland_4opt", Split("dev", path, "mainland_4opt_dev.jsonl")) == locate(path)
    assert locate(Path("/x/Mainland/dev.jsonl")) is None
    assert locate(Path("/x/US/4_options/train.jsonl")) is None
    assert ("us_4opt", "us_4opt_test.jsonl") == (
        (found := locate(Path("US/4_options/phrases_no_exclude_test.jsonl"))) and (found[0], found[1].output)
    )


@pytest.mark.parametrize(
    ("expected", "name"),
    [
        ("my-data.jsonl", "my-data.jsonl"),
        ("my_data_2.jsonl", "my data (2).json"),
        ("v1_5_rows.jsonl", "v1.5 rows.jsonl"),
        ("data.jsonl", "data.jsonl.gz"),
        ("yangli_neike5000-6000-5ed9ec31.jsonl", "样例_内科5000-6000.csv"),
    ],
)
def test_names_for_other_files(expected: str, name: str) -> None:
    """Names are readable, stable, and within the platform's rule."""
    assert expected == output_name(Path("/somewhere") / name)


@given(
    st.text(min_size=1).filter(lambda name: "/" not in name and "\0" not in name and name not in (".", ".."))
)
def test_any_name_fits_the_platform(name: str) -> None:
    """At most 120 characters, ASCII letters, digits, ``_`` and ``-``, whatever the source is called."""
    stem, dot, suffix = output_name(Path(name)).rpartition(".")

    assert (".", "jsonl") == (dot, suffix)
    assert 1 <= len(stem) <= 120
    assert set(stem) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


@given(st.lists(st.sampled_from([b"{}", b"", b" \t", b"\r", b"x" * 300_000, b"\xff", b"\n"])), st.booleans())
def test_rows_are_counted_as_lines_that_are_not_blank(lines: list[bytes], ended: bool) -> None:
    """The count on bytes is that of the lines with anything in them, with or without a last line end."""
    data = b"\n".join(lines) + (b"\n" if ended else b"")
    with TemporaryDirectory() as folder:
        path = Path(folder, "x")
        path.write_bytes(data)
        counted = count_rows(path)

    assert sum(1 for line in data.split(b"\n") if line.strip()) == counted


@needs_real_data
def test_the_real_files_have_their_published_counts() -> None:
    """Dev and test rows are as many as the paper says: 3,425 and 3,426, 1,412, 1,272."""
    counts = {split.output: count_rows(split.path) for found in find_sets(REAL) for split in found.splits}

    assert {
        "mainland_4opt_dev.jsonl": 3425,
        "mainland_4opt_test.jsonl": 3426,
        "taiwan_dev.jsonl": 1412,
        "us_4opt_dev.jsonl": 1272,
    } == counts


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("kefu", "客服"),
        ("yixueyingyuzhongwenfalv", "医学英语中文法律"),
        ("aheza", "啊和匝"),
        ("a1_-B", "a1_-B"),
        ("鑫臺ü😀", "鑫臺ü😀"),
    ],
)
def test_chinese_is_spelled_as_it_reads(expected: str, text: str) -> None:
    """Each of GB2312's common characters has its reading, the first and the last too; any other stays."""
    assert expected == spelled(text)


def test_every_common_character_has_a_reading() -> None:
    """From the first to the last of GB2312's first level no character is left, and each reading is a syllable."""
    common = [
        bytes((high, low)).decode("gb2312") for high in range(0xB0, 0xD8) for low in range(0xA1, 0xFF)
        if (high, low) < (0xD7, 0xFA)
    ]  # fmt: skip
    assert 3755 == len(common)
    assert all(1 <= len(spelled(char)) <= 6 and spelled(char).isascii() for char in common)
