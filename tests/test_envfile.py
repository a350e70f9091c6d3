"""Owns the proof that a key gets into `.env` and nothing else in it, or around it, changes."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import traceback
from pathlib import Path

import conftest
import pytest
from conftest import examples
from dotenv import dotenv_values
from hypothesis import given, settings
from hypothesis import strategies as st

from wizard.errors import StorageError, UsageError, WizardError
from wizard.local import envfile, storage
from wizard.local.envfile import KEY, REGION, WORKSPACE

ROOT = Path(__file__).parents[1]
VALUE = "sk-canary-0123456789abcdef"
OTHER = "sk-canary-fedcba9876543210"
UNIX = pytest.mark.posix("permissions as POSIX has them")
CHILD_ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}

# name: (the file before, the file after saving VALUE as DASHSCOPE_API_KEY); NEW stands for VALUE.
FILES = {
    "empty": (b"", b"DASHSCOPE_API_KEY=NEW\n"),
    "plain": (b"DASHSCOPE_API_KEY=old\n", b"DASHSCOPE_API_KEY=NEW\n"),
    "no final newline": (b"DASHSCOPE_API_KEY=old", b"DASHSCOPE_API_KEY=NEW"),
    "no final newline, absent": (b"A=1", b"A=1\nDASHSCOPE_API_KEY=NEW\n"),
    "absent": (b"A=1\nB=2\n", b"A=1\nB=2\nDASHSCOPE_API_KEY=NEW\n"),
    "first of three": (b"DASHSCOPE_API_KEY=old\nA=1\nB=2\n", b"DASHSCOPE_API_KEY=NEW\nA=1\nB=2\n"),
    "only a comment": (b"# hello", b"# hello\nDASHSCOPE_API_KEY=NEW\n"),
    "only blank lines": (b"\n\n  \n", b"\n\n  \nDASHSCOPE_API_KEY=NEW\n"),
    "unfinished blanks": (b"A=1\n  ", b"A=1\n  \nDASHSCOPE_API_KEY=NEW\n"),
    "mark": (b"\xef\xbb\xbfDASHSCOPE_API_KEY=old\n", b"\xef\xbb\xbfDASHSCOPE_API_KEY=NEW\n"),
    "mark only": (b"\xef\xbb\xbf", b"\xef\xbb\xbfDASHSCOPE_API_KEY=NEW\n"),
    "mark, absent": (b"\xef\xbb\xbfA=1\r\n", b"\xef\xbb\xbfA=1\r\nDASHSCOPE_API_KEY=NEW\r\n"),
    "crlf": (b"A=1\r\nDASHSCOPE_API_KEY=old\r\nB=2\r\n", b"A=1\r\nDASHSCOPE_API_KEY=NEW\r\nB=2\r\n"),
    "crlf, no final newline, absent": (b"A=1\r\nB=2", b"A=1\r\nB=2\r\nDASHSCOPE_API_KEY=NEW\r\n"),
    "mixed endings": (b"A=1\r\nDASHSCOPE_API_KEY=old\nB=2\r", b"A=1\r\nDASHSCOPE_API_KEY=NEW\nB=2\r"),
    "lone cr": (b"A=1\rDASHSCOPE_API_KEY=old\rB=2\r", b"A=1\rDASHSCOPE_API_KEY=NEW\rB=2\r"),
    "export": (b"export DASHSCOPE_API_KEY=old\n", b"export DASHSCOPE_API_KEY=NEW\n"),
    "export with a tab": (b" export\tDASHSCOPE_API_KEY=old\n", b" export\tDASHSCOPE_API_KEY=NEW\n"),
    "inline comment": (b"DASHSCOPE_API_KEY=old  # mine\n", b"DASHSCOPE_API_KEY=NEW  # mine\n"),
    "comment without a value": (b"DASHSCOPE_API_KEY= # mine\n", b"DASHSCOPE_API_KEY=NEW # mine\n"),
    "empty value": (b"DASHSCOPE_API_KEY=\nA=1\n", b"DASHSCOPE_API_KEY=NEW\nA=1\n"),
    "empty value, blanks": (b"DASHSCOPE_API_KEY=  \nA=1\n", b"DASHSCOPE_API_KEY=NEW  \nA=1\n"),
    "hash in the value": (b"DASHSCOPE_API_KEY=o#l#d # c\n", b"DASHSCOPE_API_KEY=NEW # c\n"),
    "hash first": (b"DASHSCOPE_API_KEY=#old\n", b"DASHSCOPE_API_KEY=NEW\n"),
    "blanks in the value": (b"DASHSCOPE_API_KEY=o l d \t\n", b"DASHSCOPE_API_KEY=NEW \t\n"),
    "spaces around =": (b"DASHSCOPE_API_KEY =  old \n", b"DASHSCOPE_API_KEY =  NEW \n"),
    "single quotes": (b"DASHSCOPE_API_KEY='old # x' # c\n", b"DASHSCOPE_API_KEY='NEW' # c\n"),
    "double quotes": (b'DASHSCOPE_API_KEY="old" \nA="b"\n', b'DASHSCOPE_API_KEY="NEW" \nA="b"\n'),
    "empty quotes": (b"DASHSCOPE_API_KEY=''#c\n", b"DASHSCOPE_API_KEY='NEW'#c\n"),
    "escaped quotes": (b'DASHSCOPE_API_KEY="o\\"l\\\\d"\n', b'DASHSCOPE_API_KEY="NEW"\n'),
    "quote in a comment": (b"DASHSCOPE_API_KEY='old' # don't\n", b"DASHSCOPE_API_KEY='NEW' # don't\n"),
    "many lines in quotes": (b'DASHSCOPE_API_KEY="o\nl\nd" # c\nA=1', b'DASHSCOPE_API_KEY="NEW" # c\nA=1'),
    "name in another's quotes": (
        b'A="x\nDASHSCOPE_API_KEY=no\n"\n',
        b'A="x\nDASHSCOPE_API_KEY=no\n"\nDASHSCOPE_API_KEY=NEW\n',
    ),
    "quoted name": (b"'DASHSCOPE_API_KEY'=old\n", b"'DASHSCOPE_API_KEY'=NEW\n"),
    "name alone": (b"DASHSCOPE_API_KEY\nA=1\n", b"DASHSCOPE_API_KEY=NEW\nA=1\n"),
    "exported name alone": (b"export DASHSCOPE_API_KEY # c\n", b"export DASHSCOPE_API_KEY=NEW # c\n"),
    "name and comment touch": (b"DASHSCOPE_API_KEY#c\n", b"DASHSCOPE_API_KEY=NEW #c\n"),
    "twice": (
        b"DASHSCOPE_API_KEY=a\nA=1\nDASHSCOPE_API_KEY=b\n",
        b"DASHSCOPE_API_KEY=a\nA=1\nDASHSCOPE_API_KEY=NEW\n",
    ),
    "twice, last alone": (
        b"DASHSCOPE_API_KEY=a\nDASHSCOPE_API_KEY\n",
        b"DASHSCOPE_API_KEY=a\nDASHSCOPE_API_KEY=NEW\n",
    ),
    "commented out": (b"#DASHSCOPE_API_KEY=a\n", b"#DASHSCOPE_API_KEY=a\nDASHSCOPE_API_KEY=NEW\n"),
    "commented out after": (
        b"DASHSCOPE_API_KEY=a\n# DASHSCOPE_API_KEY=b\n",
        b"DASHSCOPE_API_KEY=NEW\n# DASHSCOPE_API_KEY=b\n",
    ),
    "prefix of another name": (
        b"DASHSCOPE_API_KEY_OLD=a\nMY_DASHSCOPE_API_KEY=b\n",
        b"DASHSCOPE_API_KEY_OLD=a\nMY_DASHSCOPE_API_KEY=b\nDASHSCOPE_API_KEY=NEW\n",
    ),
    "other case": (b"dashscope_api_key=a\n", b"dashscope_api_key=a\nDASHSCOPE_API_KEY=NEW\n"),
    "unclosed quote": (
        b"DASHSCOPE_API_KEY='old\nA=1\n",
        b"DASHSCOPE_API_KEY='old\nA=1\nDASHSCOPE_API_KEY=NEW\n",
    ),
    "broken lines": (b"=x\nfoo bar\n'a\nDASHSCOPE_API_KEY=o\n", b"=x\nfoo bar\n'a\nDASHSCOPE_API_KEY=NEW\n"),
    "chinese": (
        "# 密钥\nA=值\nDASHSCOPE_API_KEY=旧　值 # 注\n".encode(),
        "# 密钥\nA=值\nDASHSCOPE_API_KEY=NEW # 注\n".encode(),
    ),
    "variables": (b"A=${HOME}\nDASHSCOPE_API_KEY=$A\n", b"A=${HOME}\nDASHSCOPE_API_KEY=NEW\n"),
    "already so": (b"DASHSCOPE_API_KEY=NEW\n", b"DASHSCOPE_API_KEY=NEW\n"),
}
assert len(FILES) >= 26


def written(path: Path, data: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(data)
    path.chmod(mode)
    return path


def has_mode(path: Path, mode: int) -> bool:
    """Windows has none of these: there every file has."""
    return os.name == "nt" or mode == stat.S_IMODE(path.stat().st_mode)


def values(path: Path) -> dict[str, str | None]:
    """What python-dotenv itself reads."""
    return dotenv_values(path, interpolate=False, encoding="utf-8-sig")


def git(folder: Path, *arguments: str) -> str:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    clean |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    return conftest.git(folder, *arguments, env=clean)


@pytest.mark.parametrize("mode", [pytest.param(0o644, marks=UNIX), 0o600, pytest.param(0o400, marks=UNIX)])
@pytest.mark.parametrize(("before", "after"), FILES.values(), ids=FILES)
def test_only_the_value_changes(tmp_path: Path, before: bytes, after: bytes, mode: int) -> None:
    """Every byte but the last effective value is kept, the mode becomes 0600, and no other file is left but the lock."""
    before, after = (data.replace(b"NEW", VALUE.encode()) for data in (before, after))
    path = written(tmp_path / ".env", before, mode)
    saved = envfile.save(path, KEY, VALUE)
    assert after == path.read_bytes()
    assert has_mode(path, 0o600)
    assert VALUE == values(path)[KEY] == envfile.read(path).values[KEY]
    assert (after != before or mode != 0o600, False) == (saved.changed, saved.created)
    assert (mode == 0o644) == any("Other users" in note for note in saved.notes)
    assert {".env"} == {entry.name for entry in tmp_path.iterdir()} - {".env.lock"}


@UNIX
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o277])
def test_a_missing_file_is_created_for_its_owner_only(tmp_path: Path, umask: int) -> None:
    """Without a `.env` one is made, 0600 whatever the umask; a second save of the same value changes nothing."""
    path = tmp_path / ".env"
    old = os.umask(umask)
    try:
        saved = envfile.save(path, KEY, VALUE)
    finally:
        os.umask(old)
    assert (saved.changed, saved.created, saved.notes) == (True, True, ())
    assert f"{KEY}={VALUE}\n" == path.read_text()
    assert has_mode(path, 0o600)
    first = path.stat()
    again = envfile.save(path, KEY, VALUE)
    assert (again.changed, again.created) == (False, False)
    assert (first.st_ino, first.st_mtime_ns) == (path.stat().st_ino, path.stat().st_mtime_ns)


def test_region_and_workspace_may_be_short(tmp_path: Path) -> None:
    """The three names live beside each other, and a region has fewer than 16 characters."""
    path = tmp_path / ".env"
    for name, value in ((REGION, "cn-beijing"), (KEY, VALUE), (WORKSPACE, "llm-canary")):
        envfile.save(path, name, value)
    assert dict(envfile.read(path).values) == {REGION: "cn-beijing", KEY: VALUE, WORKSPACE: "llm-canary"}


texts = st.lists(
    st.one_of(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12),
        st.sampled_from(
            [
                KEY,
                WORKSPACE,
                "A",
                "=",
                " = ",
                "\n",
                "\r\n",
                "\r",
                "'",
                '"',
                "\\",
                "#",
                " # c",
                "export ",
                " ",
                "\t",
                "old",
                f"{KEY}=",
                f"{KEY}='",
                f'{KEY}="',
                f"\n{KEY}=old",
                f"'{KEY}'",
                "\ufeff",
                "\x0b",
                "\x85",
                "\u2028",
                "${A}",
            ]
        ),
    ),
    max_size=14,
).map("".join)


@pytest.mark.sweep
@settings(max_examples=examples(400))
@given(text=texts, name=st.sampled_from([KEY, WORKSPACE]))
def test_any_text_reads_back_with_only_that_name_changed(
    tmp_path_factory: pytest.TempPathFactory, text: str, name: str
) -> None:
    """For any text: python-dotenv then reads the new value, and every other name as before; saving again is idle."""
    path = written(tmp_path_factory.mktemp("any") / ".env", text.encode())
    expected = {**values(path), name: VALUE}
    envfile.save(path, name, VALUE)
    assert expected == values(path)
    kept = path.read_bytes()
    assert not envfile.save(path, name, VALUE).changed
    assert kept == path.read_bytes()
    envfile.save(path, name, OTHER)
    assert kept.replace(VALUE.encode(), OTHER.encode()) == path.read_bytes()


@settings(max_examples=examples(400))
@given(text=texts)
def test_reading_agrees_with_dotenv(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """What read takes is exactly what python-dotenv reads for our names; no text makes it fail."""
    path = written(tmp_path_factory.mktemp("any") / ".env", text.encode())
    expected = {
        name: value for name, value in values(path).items() if name in envfile.NAMES and value is not None
    }
    assert expected == dict(envfile.read(path).values)


def test_what_could_send_the_key_elsewhere_is_reported_and_not_taken(tmp_path: Path) -> None:
    """An endpoint, a proxy, a configuration path: named in `ignored`, absent from values and from the environment."""
    names = (
        "DASHSCOPE_HTTP_BASE_URL",
        "DASHSCOPE_BASE_URL",
        "DASHSCOPE_CONFIG",
        "DASHSCOPE_WEBSOCKET_BASE_URL",
        "DASHSCOPE_API_KEY_FILE_PATH",
        "https_proxy",
        "HTTP_PROXY",
        "ALL_PROXY",
        "SSL_CERT_FILE",
        "REQUESTS_CA_BUNDLE",
    )
    lines = [f"{KEY}={VALUE}", "OPENAI_API_KEY=canary", *(f"{name}=http://127.0.0.1:9" for name in names)]
    before = dict(os.environ)
    found = envfile.read(written(tmp_path / ".env", "\n".join(lines).encode()))
    assert names == found.ignored
    assert dict(found.values) == {KEY: VALUE}
    assert before == dict(os.environ)


def test_nothing_is_expanded(tmp_path: Path) -> None:
    """A reference to a variable stays the text it is."""
    path = written(tmp_path / ".env", f"A=1\n{WORKSPACE}=${{A}}${{HOME}}\n".encode())
    assert dict(envfile.read(path).values) == {WORKSPACE: "${A}${HOME}"}


def test_lines_that_are_no_assignment_are_counted(tmp_path: Path) -> None:
    """A line that python-dotenv can't read is reported by its number, and nothing is logged to the terminal."""
    program = "import sys; from pathlib import Path; from wizard.local import envfile; print(envfile.read(Path(sys.argv[1])))"
    path = written(tmp_path / ".env", f"A=1\r\n\r\n{KEY}='{VALUE}\r\nB=2\r\n=x\r\n".encode())
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        capture_output=True,
        text=True,
        env=CHILD_ENVIRONMENT,
        check=True,
    )
    assert (
        done.stdout == "EnvFile(ignored=(), exists=True, unreadable_lines=(3, 5), open=False, theirs=False)\n"
    )
    assert done.stderr == ""


def test_a_missing_file_says_nothing(tmp_path: Path) -> None:
    """No `.env` is an empty one that doesn't exist; nor is a folder that doesn't exist an error."""
    for path in (tmp_path / ".env", tmp_path / "absent" / ".env"):
        found = envfile.read(path)
        assert (dict(found.values), found.ignored, found.exists) == ({}, (), False)


UNREADABLE = {
    "utf-16 with a mark": (f"{KEY}={VALUE}".encode("utf-16"), "UTF-16"),
    "utf-16 without a mark": (f"{KEY}={VALUE}".encode("utf-16-le"), "UTF-16"),
    "gbk": (f"# 密钥\n{KEY}={VALUE}\n".encode("gbk"), "GBK"),
    "binary": (b"\x00\x01\x02" + VALUE.encode(), "not text"),
    "too large": (f"{KEY}={VALUE}\n".encode() * 30_000, "larger"),
}


@pytest.mark.parametrize(("data", "word"), UNREADABLE.values(), ids=UNREADABLE)
def test_text_that_is_not_utf8_is_refused_and_left(tmp_path: Path, data: bytes, word: str) -> None:
    """UTF-16, GBK, bytes: a sentence with the path and what to do, from reading and saving; the file stays as it is."""
    path = written(tmp_path / ".env", data, 0o644)
    for act in (lambda: envfile.read(path), lambda: envfile.save(path, KEY, OTHER)):
        with pytest.raises(UsageError) as caught:
            act()
        assert str(path) in caught.value.message
        assert word in caught.value.message
        assert caught.value.hint
        no_canary(caught.value)
    assert data == path.read_bytes()
    assert has_mode(path, 0o644)
    assert [path] == list(tmp_path.iterdir())


@pytest.mark.posix("symbolic links, which only few users of Windows may make")
@pytest.mark.parametrize(
    "kind", ["symlink", "dangling symlink", "hard link", "folder", "fifo", "other owner"]
)
def test_what_is_not_our_ordinary_file_is_refused_untouched(tmp_path: Path, kind: str) -> None:
    """Saving refuses a link, a folder, a pipe, somebody else's file, without waiting and without leaving a trace."""
    path, aim = tmp_path / ".env", tmp_path / "aim"
    data = f"{KEY}={OTHER}\n".encode()
    if kind in ("symlink", "hard link"):
        aim.write_bytes(data)
    if kind.endswith("symlink"):
        path.symlink_to(aim)
    elif kind == "hard link":
        path.hardlink_to(aim)
    elif kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.write_bytes(data)
        try:
            os.chown(path, 12345, -1)
        except PermissionError:
            pytest.skip("this user can't give files away")
    before = sorted(entry.name for entry in tmp_path.iterdir())
    with pytest.raises(UsageError, match=r"Won't save into .*\.env") as caught:
        envfile.save(path, KEY, VALUE)
    assert caught.value.hint
    no_canary(caught.value)
    assert before == sorted(entry.name for entry in tmp_path.iterdir())
    assert kind not in ("symlink", "hard link") or aim.read_bytes() == data


@pytest.mark.posix("symbolic links, which only few users of Windows may make")
@pytest.mark.parametrize("kind", ["folder", "fifo", "link to a fifo", "device"])
def test_reading_what_is_no_file_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    """A folder, a pipe or a device by that name is a sentence, never a wait."""
    path = tmp_path / ".env"
    if kind == "folder":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        os.mkfifo(tmp_path / "pipe")
        path.symlink_to("pipe")
        if kind == "fifo":
            path = tmp_path / "pipe"
    with pytest.raises(UsageError, match="Can't read") as caught:
        envfile.read(path)
    assert caught.value.hint


@pytest.mark.posix("symbolic links, which only few users of Windows may make")
def test_reading_follows_a_link_to_a_file(tmp_path: Path) -> None:
    """A `.env` that is kept elsewhere and linked may be read."""
    (tmp_path / "elsewhere").write_text(f"{KEY}={VALUE}\n")
    (tmp_path / ".env").symlink_to("elsewhere")
    assert envfile.read(tmp_path / ".env").values[KEY] == VALUE


def test_a_file_that_may_not_be_read_is_a_sentence(tmp_path: Path) -> None:
    """No permission to read: UsageError with path and reason."""
    path = written(tmp_path / ".env", b"A=1\n", 0o000)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read anything")
    with pytest.raises(UsageError, match="permission denied"):
        envfile.read(path)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "sk-canary",
        f"{VALUE}\n",
        f" {VALUE}",
        f"{VALUE}密",
        f"{VALUE}$x",
        f"{VALUE}'",
        f'{VALUE}"',
        f"{VALUE}\\",
        f"{VALUE}#",
        f"{VALUE}=",
        f"{VALUE}\x7f",
        VALUE * 10,
    ],
)
def test_a_value_that_was_not_cleaned_is_refused_without_showing_it(tmp_path: Path, value: str) -> None:
    """ValueError, with nothing of the value in it; nothing is written."""
    with pytest.raises(ValueError, match="not a name of ours") as caught:
        envfile.save(tmp_path / ".env", KEY, value)
    no_canary(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_only_our_names_are_saved(tmp_path: Path) -> None:
    """An endpoint can't be put into a `.env` through here."""
    with pytest.raises(ValueError, match="not a name of ours"):
        envfile.save(tmp_path / ".env", "DASHSCOPE_HTTP_BASE_URL", VALUE)
    assert list(tmp_path.iterdir()) == []


def no_canary(error: BaseException) -> None:
    """Neither the error, nor what it came from, nor its traceback shows a key."""
    seen: BaseException | None = error
    while seen is not None:
        for text in (str(seen), repr(seen), repr(seen.args), repr(vars(seen))):
            assert "canary" not in text.replace(type(error).__name__, "")
        assert not isinstance(seen, UnicodeError)
        seen = seen.__cause__ or seen.__context__
    assert "canary-" not in "".join(traceback.format_exception(error))


def test_no_repr_shows_a_key(tmp_path: Path) -> None:
    """EnvFile, Found and Saved can be printed."""
    path = tmp_path / ".env"
    saved = envfile.save(path, KEY, VALUE)
    for shown in (
        saved,
        envfile.read(path),
        envfile.look_up({}, path, KEY),
        envfile.look_up({KEY: OTHER}, path, KEY),
    ):
        assert "canary" not in repr(shown).replace(str(path), "")
        assert "canary" not in str(shown).replace(str(path), "")


@pytest.mark.parametrize(
    ("exported", "inside", "expected"),
    [
        (None, None, None),
        (None, VALUE, (VALUE, ".env", False, False)),
        (VALUE, None, (VALUE, "environment", False, False)),
        (VALUE, VALUE, (VALUE, "environment", False, False)),
        (VALUE, OTHER, (VALUE, "environment", True, False)),
        (VALUE, "", (VALUE, "environment", False, False)),
        ("", VALUE, (VALUE, ".env", False, True)),
        (" \n", VALUE, (VALUE, ".env", False, True)),
        ("", None, None),
        (None, "", None),
    ],
)
def test_the_environment_beats_the_file(
    tmp_path: Path, exported: str | None, inside: str | None, expected: tuple[str, str, bool, bool] | None
) -> None:
    """The environment's value wins, a different one in the file is said, and a blank one is no value."""
    path = tmp_path / ".env"
    if inside is not None:
        written(path, f"{KEY}={inside}\n".encode())
    found = envfile.look_up({} if exported is None else {KEY: exported}, path, KEY)
    assert expected == (found and (found.value, found.where, found.other, found.empty))


def test_a_folder_by_that_name_does_not_stop_an_exported_key(tmp_path: Path) -> None:
    """Where the environment has the key, a `.env` that can't be read is told in `unread`; else it is an error."""
    (tmp_path / ".env").mkdir()
    found = envfile.look_up({KEY: VALUE}, tmp_path / ".env", KEY)
    assert found is not None
    assert found.value == VALUE
    assert "it is a folder" in found.unread
    with pytest.raises(UsageError):
        envfile.look_up({}, tmp_path / ".env", KEY)


def test_a_file_that_git_tracks_is_refused(tmp_path: Path) -> None:
    """A tracked `.env` is refused and nothing changes, whatever GIT_ variables say."""
    git(tmp_path, "init", "-q")
    path = written(tmp_path / ".env", b"A=1\n")
    git(tmp_path, "add", "-f", ".env")
    with pytest.raises(UsageError, match="git tracks it") as caught:
        envfile.save(path, KEY, VALUE)
    assert "git rm --cached .env" in caught.value.hint
    assert path.read_bytes() == b"A=1\n"
    assert {".env", ".git"} == {entry.name for entry in tmp_path.iterdir()}


ALL_LINES = b".env\n.env.lock\n.env.*.wizard-tmp\n"
IGNORES = {
    "none": (None, ALL_LINES),
    "empty": (b"", ALL_LINES),
    "only .env": (b"build/\n.env\n", b"build/\n.env\n.env.lock\n.env.*.wizard-tmp\n"),
    "no final newline": (b"build/", b"build/\n" + ALL_LINES),
    "crlf": (b"build/\r\n", b"build/\r\n" + ALL_LINES.replace(b"\n", b"\r\n")),
    "gbk comment": ("# 构建\n".encode("gbk"), "# 构建\n".encode("gbk") + ALL_LINES),
    "all": (b".env*\n!.env.example\n", b".env*\n!.env.example\n"),
    "taken back": (b".env*\n!.env\n", b".env*\n!.env\n.env\n"),
}


@pytest.mark.parametrize("folder", [".", "a folder/密"])
@pytest.mark.parametrize(("before", "after"), IGNORES.values(), ids=IGNORES)
def test_git_is_made_to_ignore_the_key(
    tmp_path: Path, before: bytes | None, after: bytes, folder: str
) -> None:
    """In a work tree the missing lines, and only those, are added to `.gitignore` and said; git then sees no file."""
    git(tmp_path, "init", "-q")
    home = tmp_path / folder
    home.mkdir(parents=True, exist_ok=True)
    ignore = home / ".gitignore"
    if before is not None:
        written(ignore, before, 0o664)
    saved = envfile.save(home / ".env", KEY, VALUE)
    assert after == ignore.read_bytes()
    assert (before != after) == any(str(ignore) in note for note in saved.notes)
    assert before is None or has_mode(ignore, 0o664)
    (home / ".env.01234567.wizard-tmp").write_bytes(b"left by a kill, 8 digits")
    seen = git(tmp_path, "-c", "core.quotePath=false", "status", "--porcelain", "-uall").split("\n")
    assert [line for line in seen if ".env" in line] == []
    assert envfile.save(home / ".env", KEY, OTHER).notes == ()


def test_a_parent_folders_gitignore_counts(tmp_path: Path) -> None:
    """Where the repository's own `.gitignore` covers the file already, no second one is made."""
    git(tmp_path, "init", "-q")
    (tmp_path / ".gitignore").write_text(".env*\n")
    (tmp_path / "sub").mkdir()
    assert envfile.save(tmp_path / "sub" / ".env", KEY, VALUE).notes == ()
    assert not (tmp_path / "sub" / ".gitignore").exists()


@pytest.mark.posix("symbolic links, which only few users of Windows may make")
def test_a_gitignore_that_cannot_be_written_stops_the_save(tmp_path: Path) -> None:
    """If git can't be made to ignore the key, it isn't written, and the lines to add by hand are named."""
    git(tmp_path, "init", "-q")
    (tmp_path / "rules").write_text("build/\n")
    (tmp_path / ".gitignore").symlink_to("rules")
    with pytest.raises(StorageError, match="symbolic link") as caught:
        envfile.save(tmp_path / ".env", KEY, VALUE)
    assert ".env, .env.lock, .env.*.wizard-tmp" in caught.value.hint
    no_canary(caught.value)
    assert not (tmp_path / ".env").exists()
    assert (tmp_path / "rules").read_text() == "build/\n"


@pytest.mark.posix("a script of sh as git")
def test_git_gets_no_key_and_runs_no_program_of_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key in our environment is not handed to git, GIT_DIR is not followed, and core.fsmonitor is not run."""
    project = tmp_path / "project"
    project.mkdir()
    git(project, "init", "-q")
    ran = tmp_path / "ran"
    git(project, "config", "core.fsmonitor", f"touch '{ran}'; false")
    tools = tmp_path / "tools"
    tools.mkdir()
    real = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout.strip()
    log = tmp_path / "environment"
    spy = f'#!/bin/sh\nenv >> "{log}"\nprintf "%s\\n" "$@" >> "{log}"\nexec "{real}" "$@"\n'
    written(tools / "git", spy.encode(), 0o700)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv(KEY, OTHER)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    envfile.save(project / ".env", KEY, VALUE)
    assert (project / ".gitignore").exists()
    assert not ran.exists()
    assert "canary" not in log.read_text()


def test_without_git_the_key_is_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No git on this computer: nothing to check, nothing to add."""
    monkeypatch.setenv("PATH", str(tmp_path / "nothing here"))
    assert envfile.save(tmp_path / ".env", KEY, VALUE).notes == ()


@pytest.mark.parametrize("there", [True, False])
def test_git_that_cannot_say_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    """A repository that git won't read, or without a git that we find, does not stop the save; the user is told to look."""
    (tmp_path / ".git").write_text("gitdir: /nowhere/at/all\n")
    folder = tmp_path / "in" / "it"
    folder.mkdir(parents=True)
    if not there:
        monkeypatch.setenv("PATH", "")
    (note,) = envfile.save(folder / ".env", KEY, VALUE).notes
    assert "look before you commit" in note


WRITER = """
import sys
from pathlib import Path
from wizard.local import envfile
path, name, other = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
for turn in range(40):
    value = f"canary-{name[-3:]}-value-{turn:04}"
    envfile.save(path, name, value)
    found = envfile.read(path).values
    assert found[name] == value, "lost an update of our own"
"""


def test_two_writers_lose_nothing(tmp_path: Path) -> None:
    """Two processes that each save their own name 40 times never undo one another."""
    path = written(tmp_path / ".env", b"# kept\nA=1 # kept\n")
    both = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), name, other],
            env=CHILD_ENVIRONMENT,
            stderr=subprocess.PIPE,
        )
        for name, other in ((KEY, WORKSPACE), (WORKSPACE, KEY))
    ]
    for process in both:
        _out, err = process.communicate()
        assert (process.returncode, err) == (0, b"")
    assert values(path) == {"A": "1", KEY: "canary-KEY-value-0039", WORKSPACE: "canary-ACE-value-0039"}
    assert path.read_bytes().startswith(b"# kept\nA=1 # kept\n")
    assert {".env"} == {entry.name for entry in tmp_path.iterdir()} - {".env.lock"}


KILLED = """
import os, signal, sys
from pathlib import Path
import dotenv.parser, wizard.local.lock
from wizard.local import envfile
folder, old, new = Path(sys.argv[1]), sys.argv[2].encode(), sys.argv[3]
package, path = str(Path(envfile.__file__).parent), folder / ".env"

def killer(number):
    count = 0
    def trace(frame, event, _arg):
        nonlocal count
        if not frame.f_code.co_filename.startswith(package):
            return None
        count += event == "line"
        if count == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace
    return trace

number, status = 0, 1
while status:
    number += 1
    path.write_bytes(old)
    child = os.fork()
    if child == 0:
        sys.settrace(killer(number))
        envfile.save(path, envfile.KEY, new)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    data = path.read_bytes()
    kind = "old" if data == old else "new" if data == old.replace(b"before", new.encode()) else "HALF"
    envfile.save(path, envfile.KEY, new)
    left = sorted(entry.name for entry in folder.iterdir() if entry.name not in (".env", ".env.lock"))
    print(kind, envfile.read(path).values[envfile.KEY] == new, *left)
"""


@pytest.mark.sweep
@pytest.mark.posix("fork")
def test_killed_at_any_line_leaves_old_or_new(tmp_path: Path) -> None:
    """A SIGKILL at any line of saving leaves the whole old or whole new file; the next save works and tidies up."""
    old = f"A=1\nexport {KEY}='before' # c\r\nB=2"
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), old, VALUE],
        env=CHILD_ENVIRONMENT | {"PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    outcomes = done.stdout.splitlines()
    assert {"old True", "new True"} == set(outcomes)
    assert len(outcomes) > 100


def test_what_does_not_read_back_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the file then holds something else (here another program's text), the old bytes are put back and it is said."""
    path = written(tmp_path / ".env", b"A=1\n")
    real = storage.write_atomically
    texts = [b"somebody else's\n"]

    def disturbed(target: Path, data: bytes, *, mode: int) -> None:
        real(target, texts.pop() if texts else data, mode=mode)

    monkeypatch.setattr(storage, "write_atomically", disturbed)
    with pytest.raises(StorageError, match="the old text was put back") as caught:
        envfile.save(path, KEY, VALUE)
    no_canary(caught.value)
    assert path.read_bytes() == b"A=1\n"
    texts.append(b"again\n")
    path.unlink()
    with pytest.raises(StorageError):
        envfile.save(path, KEY, VALUE)
    assert not path.exists()


def test_a_busy_lock_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another process holds the lock nothing is written, and the sentence says what to close."""
    program = "import sys, pathlib, wizard.local.lock; held = wizard.local.lock.take(pathlib.Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    path = written(tmp_path / ".env", b"A=1\n")
    monkeypatch.setattr(envfile, "_LOCK_SECONDS", 0.1)
    with subprocess.Popen(
        [sys.executable, "-c", program, f"{path}.lock"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline().strip() == b"held"
        with pytest.raises(StorageError, match="Another program"):
            envfile.save(path, KEY, VALUE)
        holder.communicate()
    assert path.read_bytes() == b"A=1\n"


def test_no_failure_shows_the_key(tmp_path: Path) -> None:
    """Every way to fail here, with a key in hand and another in the file: none of them shows either."""
    missing = tmp_path / "absent" / ".env"
    plain = written(tmp_path / "plain", b"")
    for path in (missing, plain / ".env", tmp_path / ("n" * 300), tmp_path / "nul\0"):
        with pytest.raises((WizardError, ValueError)) as caught:
            envfile.save(path, KEY, VALUE)
        no_canary(caught.value)


def test_the_example_sets_our_names_only() -> None:
    """`.env.example` asks for a key in both languages, sets nothing, and names the page where keys are made."""
    path = ROOT / ".env.example"
    text = path.read_text(encoding="utf-8")
    found = envfile.read(path)
    assert (dict(found.values), found.ignored, found.unreadable_lines) == ({KEY: ""}, (), ())
    assert "https://bailian.console.aliyun.com/model/settings/api-key" in text
    for name in envfile.NAMES:
        assert f"{name}=" in text
    assert "不能在这里设置" in text
