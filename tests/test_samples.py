"""Owns the rules of the sample questions under datasets/MedQA."""

from __future__ import annotations

import itertools
import json
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

DATASETS = Path(__file__).parents[1] / "datasets"
QUESTIONS = DATASETS / "MedQA" / "questions"
LETTERS = ["A", "B", "C", "D"]

MAINLAND = "Mainland/4_options"
TAIWAN = "Taiwan"
US = "US/4_options"
COUNTS = {
    f"{MAINLAND}/train.jsonl": 40,
    f"{MAINLAND}/dev.jsonl": 10,
    f"{MAINLAND}/test.jsonl": 10,
    f"{TAIWAN}/train.jsonl": 24,
    f"{TAIWAN}/dev.jsonl": 6,
    f"{TAIWAN}/test.jsonl": 6,
    f"{US}/phrases_no_exclude_train.jsonl": 24,
    f"{US}/phrases_no_exclude_dev.jsonl": 6,
    f"{US}/phrases_no_exclude_test.jsonl": 6,
}
CHINESE_KEYS = ["question", "options", "answer", "meta_info", "answer_idx"]
US_KEYS = ["question", "answer", "options", "meta_info", "answer_idx", "metamap_phrases"]
# A character set that holds one script only tells simplified, traditional and English apart.
CHARACTER_SETS = {MAINLAND: "gb2312", TAIWAN: "big5", US: "ascii"}
# Chemistry's characters that Taiwan writes although plain Big5 lacks them.
BEYOND_BIG5 = "酶萘"
NAMES_OTHER_OPTIONS = (
    "以上",
    "上述",
    "皆是",
    "皆非",
    "均是",
    "均不",
    "all of",
    "none of",
    "both a",
    "a and b",
)


def lines(name: str) -> list[str]:
    return (QUESTIONS / name).read_bytes().decode("utf-8").removesuffix("\n").split("\n")


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines(name)]


def folder(name: str) -> str:
    return name.rpartition("/")[0]


def folded(text: str) -> str:
    """The letters and digits of a text alone: width, case, blanks and punctuation are gone."""
    return "".join(mark for mark in unicodedata.normalize("NFKC", text).casefold() if mark.isalnum())


every_file = pytest.mark.parametrize("name", COUNTS)


def test_the_files_are_medqas_own() -> None:
    """The samples lie where MedQA has them, under MedQA's names, and nothing else lies there."""
    found = {path.relative_to(QUESTIONS).as_posix() for path in QUESTIONS.rglob("*") if path.is_file()}
    assert set(COUNTS) == found


@every_file
def test_each_line_is_one_plain_json_object(name: str) -> None:
    """A file has its number of rows, UTF-8 without mark or escapes, LF, and a newline at its end."""
    raw = (QUESTIONS / name).read_bytes()
    assert COUNTS[name] == len(lines(name))
    assert not raw.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in raw
    assert raw.endswith(b"}\n")
    assert [json.dumps(row, ensure_ascii=False) for row in rows(name)] == lines(name)


@every_file
def test_keys_have_medqas_order(name: str) -> None:
    """Keys, option letters and types are MedQA's, in MedQA's order; no text is empty or padded."""
    keys = US_KEYS if folder(name) == US else CHINESE_KEYS
    for row in rows(name):
        assert keys == list(row)
        assert all(letter == label for letter, label in zip(LETTERS, row["options"], strict=True))
        texts = [row["question"], row["answer"], row["meta_info"], *row["options"].values()]
        assert all(isinstance(text, str) and text and text == text.strip() for text in texts)


@every_file
def test_one_answer_is_right(name: str) -> None:
    """The answer is the option its letter names, the four options differ, and none names another option."""
    for row in rows(name):
        options = row["options"]
        assert row["answer"] == options[row["answer_idx"]]
        assert len(LETTERS) == len({folded(option) for option in options.values()}), row["question"]
        for option in options.values():
            assert not any(words in option.casefold() for words in NAMES_OTHER_OPTIONS), option


@every_file
def test_letters_are_balanced(name: str) -> None:
    """In no file is a letter right in more than 35 % of the rows, or more than twice in a row."""
    letters = [row["answer_idx"] for row in rows(name)]
    assert set(LETTERS) == set(letters)
    assert max(Counter(letters).values()) <= 0.35 * len(letters)
    assert max(len(list(run)) for _, run in itertools.groupby(letters)) <= 2


@pytest.mark.parametrize("where", [MAINLAND, TAIWAN, US])
def test_length_does_not_give_the_answer_away(where: str) -> None:
    """The right answer is the one longest option in fewer than 35 % of a set's rows."""
    everything = [row for name in COUNTS if folder(name) == where for row in rows(name)]
    longest = 0
    for row in everything:
        lengths = {letter: len(option) for letter, option in row["options"].items()}
        own = lengths.pop(row["answer_idx"])
        longest += own > max(lengths.values())
    assert longest < 0.35 * len(everything)


def test_no_question_occurs_twice() -> None:
    """No question occurs twice in or across files, whatever its width, case, blanks and punctuation."""
    seen = Counter(folded(row["question"]) for name in COUNTS for row in rows(name))
    assert [1] * len(seen) == list(seen.values()), [text for text, times in seen.items() if times > 1]


@every_file
def test_each_set_is_written_in_its_own_script(name: str) -> None:
    """Mainland is simplified Chinese, Taiwan traditional, US English: no character of another script."""
    text = "\n".join(lines(name)).translate({ord(mark): None for mark in BEYOND_BIG5})
    assert text == text.encode(CHARACTER_SETS[folder(name)]).decode(CHARACTER_SETS[folder(name)])


@every_file
def test_meta_info_names_subject_or_exam(name: str) -> None:
    """Mainland names a subject, Taiwan says that it is a sample, US names the exam's step."""
    values = {row["meta_info"] for row in rows(name)}
    if folder(name) == MAINLAND:
        assert {"生理学", "解剖学", "药理学", "公共卫生"} <= values
    else:
        assert ({"taiwan_sample_Q"} if folder(name) == TAIWAN else {"step1", "step2&3"}) == values


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_mainland_has_the_blank_and_cases(split: str) -> None:
    """Most Mainland stems end in the blank `（　　）。` with two U+3000, and both short stems and cases occur."""
    questions = [row["question"] for row in rows(f"{MAINLAND}/{split}.jsonl")]
    assert sum(question.endswith("（\u3000\u3000）。") for question in questions) >= 0.8 * len(questions)
    assert sum(len(question) >= 40 for question in questions) >= 2
    assert min(len(question) for question in questions) <= 25


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_us_phrases_occur_in_the_question(split: str) -> None:
    """Each of a US row's phrases occurs in its question, once in the list, and there are at least two."""
    for row in rows(f"{US}/phrases_no_exclude_{split}.jsonl"):
        phrases = row["metamap_phrases"]
        assert len(phrases) >= 2
        assert len(phrases) == len(set(phrases))
        assert not [phrase for phrase in phrases if phrase not in row["question"]]


def test_the_readme_says_what_the_samples_are() -> None:
    """The data folder's README says in both languages that these are not MedQA's rows, and where those are."""
    text = (DATASETS / "README.md").read_text(encoding="utf-8")
    for said in (
        "not MedQA's rows",
        "不是 MedQA 的原题",
        "https://github.com/jind11/MedQA",
        "too few",
        "太少",
    ):
        assert said in text
    assert f"{sum(COUNTS.values())} questions" in text
    assert f"{sum(COUNTS.values())} 道题" in text
