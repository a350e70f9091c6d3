"""Owns the rules of the pictures in the READMEs: they are there, they are SVG, and nothing of a computer shows in them."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).parents[1]
NAMESPACE = "http://www.w3.org/2000/svg"
FOREIGN = re.compile(r"://|/(?:tmp|home|root|work|Users|var)\b|[A-Z]:\\|localhost|127\.0\.0\.1")


@pytest.mark.parametrize(("readme", "folder"), [("README.md", "en"), ("README.zh-CN.md", "zh")])
def test_the_readme_shows_its_pictures(readme: str, folder: str) -> None:
    """Each README shows every picture of its language, and no picture that isn't there."""
    shown = set(re.findall(r"docs/pictures/([\w/.-]+)", (ROOT / readme).read_text("utf-8")))
    there = {f"{folder}/{path.name}" for path in (ROOT / "docs" / "pictures" / folder).iterdir()}
    assert {f"{folder}/{name}.svg" for name in ("first", "preview", "review", "watch")} == there == shown


@pytest.mark.parametrize(
    "path", sorted((ROOT / "docs" / "pictures").rglob("*.svg")), ids=lambda path: path.stem
)
def test_a_picture_needs_and_tells_nothing_else(path: Path) -> None:
    """A picture is well-formed SVG with words in it, loads nothing, runs nothing, and names no folder of the computer."""
    text = path.read_text("utf-8")
    picture = ET.fromstring(text)  # noqa: S314 - our own file
    assert f"{{{NAMESPACE}}}svg" == picture.tag
    assert {"svg", "title", "rect", "g", "text"} >= {part.tag.rpartition("}")[2] for part in picture.iter()}
    assert 5 < len(list(picture.iter(f"{{{NAMESPACE}}}text")))
    assert [] == FOREIGN.findall(text.replace(NAMESPACE, ""))
