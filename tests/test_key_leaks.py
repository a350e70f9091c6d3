"""The key, from wherever it comes in, is in ``.env`` and in the request's header, and nowhere else."""

from __future__ import annotations

import os
import re
import stat
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from conftest import git
from sandbox_fixture import running
from terminal import PROGRAM, Terminal

from sweeps import canary, key
from sweeps.canary import KEY, NAME, Place

# Typed and pasted, in a real terminal

FULL_WIDTH = "".join(chr(ord(letter) + 0xFEE0) for letter in KEY)
PASTE, PASTED = "\x1b[200~", "\x1b[201~"
WAYS = {
    "typed": KEY,
    "pasted with a newline": f"{PASTE}{KEY}\n{PASTED}",
    "pasted with CR LF and blanks": f"{PASTE} \t{KEY}\u3000\r\n{PASTED}",
    "a pasted line": f'{PASTE}export {NAME}="{KEY}"\n{PASTED}',
    "full width": FULL_WIDTH,
    "with marks that nobody sees": f"\u200b{KEY}\ufeff",
}
ANSWERS = ("dataset.source=datasets", "dataset.set=taiwan", "dataset.validation=dev")
BUG = """
import sys
from wizard import cli
from wizard.steps.training import Training
fields = Training.fields
def broken(self, facts):
    found = self._world.found_key()
    if found is None:
        return fields(self, facts)
    local = found.key.reveal()
    raise RuntimeError(f"at {local!r}, {local.encode()}")
Training.fields = broken
sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.fixture
def here(folder: Path) -> Iterator[Place]:
    """A place with the samples and no key."""
    with canary.place(folder) as found:
        yield found


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a sandbox."""
    with running(tmp_path_factory.mktemp("platform")) as sandbox:
        yield f"{sandbox.url}/api/v1"


@contextmanager
def asked_for_a_key(
    here: Place, url: str, *more: str, program: Sequence[str] = PROGRAM
) -> Iterator[Terminal]:
    """A wizard that asks for the key; at the end nothing but ``.env`` and what is a part of saving it holds it."""
    words = [*(word for answer in ANSWERS for word in ("--set", answer)), "--debug", *more]
    env = here.env(DASHSCOPE_HTTP_BASE_URL=url)
    with (
        here.watched(children_only=False),
        Terminal(words, here.folder, program=program, env=env) as terminal,
    ):
        terminal.answer("Does this look right", "enter")
        terminal.answer("about these rows", "enter")
        terminal.expect("Paste your API key")
        terminal.settle()
        yield terminal
        terminal.end()
    here.check(screen=terminal.raw)
    assert not here.stranger.connections


@pytest.mark.sweep
@pytest.mark.parametrize("way", WAYS)
def test_typed_or_pasted(here: Place, platform: str, way: str) -> None:
    """However the key comes in, it works, is saved clean, and is nowhere else; the next start finds it."""
    with asked_for_a_key(here, platform) as terminal:
        terminal.press(WAYS[way], "enter")
        terminal.answer("Keep the key", "enter")
        terminal.expect(r"✓ API key: sk-…4e2b in \.env")
        terminal.answer("Which model", "ctrl-c")
    assert f"{NAME}={KEY}\n" == (here.folder / ".env").read_text()
    assert 0o600 == stat.S_IMODE((here.folder / ".env").stat().st_mode)
    here.check(fullwidth=b"")
    assert FULL_WIDTH.encode() not in b"".join(here.left().values()) + terminal.raw


def refuse_to_save(kind: str, env: Path, elsewhere: Path) -> None:
    """Make ``env`` something that no key is saved into."""
    if kind == "link":
        elsewhere.write_text("")
        env.symlink_to(elsewhere)
    elif kind == "folder":
        env.mkdir()
    elif kind == "pipe":
        os.mkfifo(env)
    elif kind == "GBK":
        env.write_bytes("备注=密钥\n".encode("gbk"))
    elif kind == "UTF-16":
        env.write_text("A=b\n", "utf-16")
    elif kind == "huge":
        env.write_text("# a\n" * (1 << 19))
    elif kind == "hard link":
        elsewhere.write_text("A=b\n")
        env.hardlink_to(elsewhere)
    else:
        env.write_text("A=b\n")
        for words in (["init", "-q"], ["add", "-f", ".env"]):
            git(env.parent, *words)


UNSAVABLE = {
    "link": "symbolic link", "folder": "folder", "pipe": "ordinary file", "GBK": "GBK", "UTF-16": "UTF-16", "huge": "larger",
    "hard link": "hard link", "tracked": "git tracks it",
}  # fmt: skip


@pytest.mark.sweep
@pytest.mark.posix("symbolic links, which only few users of Windows may make")
@pytest.mark.parametrize("kind", UNSAVABLE)
def test_a_save_that_is_refused(here: Place, platform: str, kind: str) -> None:
    """Where ``.env`` can't take the key, the reason is said, the run goes on with it, and it is written nowhere."""
    elsewhere = here.folder.parent / "elsewhere.txt"
    refuse_to_save(kind, here.folder / ".env", elsewhere)
    with asked_for_a_key(here, platform) as terminal:
        terminal.press(KEY, "enter")
        terminal.answer("Keep the key", "enter")
        shown = terminal.expect("for this run only")
        terminal.answer("Which model", "ctrl-c")
    assert "could not be saved" in shown
    assert UNSAVABLE[kind] in re.sub(r"\s+", " ", shown)
    held = elsewhere.read_bytes() if elsewhere.exists() else b""
    held += (here.folder / ".env").read_bytes() if kind not in ("folder", "pipe") else b""
    assert [] == canary.leaks({".env": held})


@pytest.mark.sweep
@pytest.mark.parametrize("delay", [0.0, 0.01, 0.02, 0.04, 0.08])
def test_killed_while_saving(here: Place, platform: str, delay: float) -> None:
    """SIGKILL about the time of saving: only ``.env`` and its own temporary file, both 0600, can hold it; the next save clears up."""
    with asked_for_a_key(here, platform, "--set", "key.save=true") as terminal:
        terminal.press(KEY, "enter")
        terminal.expect("Checking the key|API key: sk-")
        time.sleep(delay)
        terminal.kill()
        terminal.end()
        for path in here.folder.glob(".env.*.wizard-tmp"):
            assert 0o600 == stat.S_IMODE(path.stat().st_mode)
            path.unlink()
    with Terminal([], here.folder, env=here.env(DASHSCOPE_HTTP_BASE_URL=platform)) as terminal:
        terminal.answer("What next", "enter")
        shown = terminal.expect("Which model|Paste your API key")
        terminal.settle()
        if "Which model" not in shown:
            terminal.press(KEY, "enter")
        terminal.answer("Which model", "ctrl-c")
        assert 130 == terminal.end()
    assert KEY in (here.folder / ".env").read_text()
    here.check(screen=terminal.raw)


@pytest.mark.sweep
def test_a_bug_that_has_the_key_in_its_hands(here: Place, platform: str) -> None:
    """An unexpected exception with the key in its message and in a local variable: one line, nothing of it anywhere."""
    with asked_for_a_key(here, platform, program=[sys.executable, "-c", BUG]) as terminal:
        terminal.press(KEY, "enter")
        terminal.answer("Keep the key", "enter")
        shown = terminal.expect("no key is in it")
        assert 1 == terminal.end()
    assert "Traceback" not in shown
    assert "RuntimeError: at 'sk-…4e2b'" in re.sub(r"\s+", " ", shown)


@pytest.mark.sweep
def test_a_wrong_key_then_the_right_one(here: Place, platform: str) -> None:
    """A key that the platform refused is as secret as the one that works, and is not saved."""
    wrong = KEY.replace("canary", "canarywrong")
    with asked_for_a_key(here, platform) as terminal:
        terminal.press(wrong, "enter")
        terminal.answer("Keep the key", "enter")
        terminal.answer("What now", "enter")
        terminal.answer("(?s)What now.*Paste your API key", KEY, "enter")  # it was asked before, too
        terminal.expect(r"✓ API key: sk-…4e2b in \.env")
        terminal.answer("Which model", "ctrl-c")
    assert f"{NAME}={KEY}\n" == (here.folder / ".env").read_text()
    assert [] == canary.leaks({**here.left(), "screen": terminal.raw}, wrong)


# A .env that came with somebody's folder


@dataclass(frozen=True)
class Hostile:
    """A ``.env`` (bytes, or what makes it), how ``run --yes`` must end, and a word of what it must say."""

    env: bytes | Callable[[Path, Path], object]
    code: int
    says: str
    home: dict[str, str] = field(default_factory=dict)


def mode(text: str, permissions: int) -> Callable[[Path, Path], object]:
    """A file with ``permissions``."""

    def make(env: Path, _elsewhere: Path) -> None:
        env.write_text(text)
        env.chmod(permissions)

    return make


def linked_to_a_file(env: Path, elsewhere: Path) -> None:
    """A link to a file with the key."""
    mode(GOOD, 0o600)(elsewhere, env)
    env.symlink_to(elsewhere)


def tracked(env: Path, elsewhere: Path) -> None:
    """A file with the key that git knows."""
    refuse_to_save("tracked", env, elsewhere)
    mode(GOOD, 0o600)(env, elsewhere)


def linked(target: str) -> Callable[[Path, Path], object]:
    """A link to somewhere."""
    return lambda env, _elsewhere: env.symlink_to(target)


GOOD = f"{NAME}={KEY}\n"
HOSTILE = {
    "an endpoint": Hostile(f"{GOOD}DASHSCOPE_HTTP_BASE_URL={{stranger}}/api/v1\n".encode(), 3, "not obeyed"),
    "the other endpoint": Hostile(f"{GOOD}DASHSCOPE_BASE_URL={{stranger}}/api/v1\n".encode(), 3, "not obeyed"),
    "a websocket endpoint": Hostile(f"{GOOD}DASHSCOPE_WEBSOCKET_BASE_URL={{stranger}}\n".encode(), 3, "not obeyed"),
    "a configuration": Hostile(f"{GOOD}DASHSCOPE_CONFIG=config.json\n".encode(), 3, "not obeyed"),
    "a key file": Hostile(f"{GOOD}DASHSCOPE_API_KEY_FILE_PATH=/etc/passwd\n".encode(), 3, "not obeyed"),
    "a proxy": Hostile(f"{GOOD}HTTPS_PROXY={{stranger}}\nhttp_proxy={{stranger}}\n".encode(), 3, "not obeyed"),
    "a proxy for all": Hostile(f"{GOOD}ALL_PROXY={{stranger}}\n".encode(), 3, "not obeyed"),
    "a certificate": Hostile(f"{GOOD}SSL_CERT_FILE=mine.pem\nREQUESTS_CA_BUNDLE=m\n".encode(), 3, "not obeyed"),
    "a key log": Hostile(f"{GOOD}SSLKEYLOGFILE=keys.log\n".encode(), 3, "not obeyed"),
    "a region of their own": Hostile(f"{GOOD}DASHSCOPE_REGION={{stranger}}\n".encode(), 2, "There is no region"),
    "a workspace of their own": Hostile(f"{GOOD}DASHSCOPE_WORKSPACE=a.evil.example/\n".encode(), 2, "letters, digits"),
    "an interpolation": Hostile(f"{NAME}=${{{{HOME}}}}{KEY}\n".encode(), 3, "dollar"),
    "an interpolation elsewhere": Hostile(f"A=${{{{{NAME}}}}}\n{GOOD}".encode(), 3, "Nobody has approved"),
    "a password for the host": Hostile(GOOD.encode(), 3, "Nobody has approved", {".netrc": "machine 127.0.0.1 login a password b\n"}),
    "a configuration at home": Hostile(
        GOOD.encode(), 3, "Nobody has approved", {".dashscope/config.json": '{"base_url": "{stranger}", "api_key": "x"}'}
    ),
    "a link to a file": Hostile(linked_to_a_file, 3, "in .env"),
    "a link to nothing": Hostile(linked("nowhere"), 3, "Put DASHSCOPE_API_KEY into"),
    "a link to zeros without end": Hostile(linked("/dev/zero"), 3, "not an ordinary file"),
    "a link to itself": Hostile(linked(".env"), 3, "Can't read"),
    "a pipe": Hostile(lambda env, _elsewhere: os.mkfifo(env), 3, "not an ordinary file"),
    "a folder": Hostile(lambda env, _elsewhere: env.mkdir(), 3, "folder"),
    "GBK": Hostile("备注=密钥\n".encode("gbk") + GOOD.encode(), 3, "GBK"),
    "UTF-16": Hostile(GOOD.encode("utf-16"), 3, "UTF-16"),
    "UTF-16 without its mark": Hostile(GOOD.encode("utf-16-le"), 3, "UTF-16"),
    "a byte order mark": Hostile(b"\xef\xbb\xbf" + GOOD.encode(), 3, "in .env"),
    "NUL": Hostile(GOOD.encode() + b"\0", 3, "not text"),
    "too large": Hostile(GOOD.encode() + b"# a\n" * (1 << 19), 3, "larger than"),
    "lines that are none": Hostile(GOOD.encode() + b"this is 'not closed\n", 3, "lines that can't be read: 2"),
    "open to all": Hostile(mode(GOOD, 0o644), 3, "Other users"),
    "open to the group": Hostile(mode(GOOD, 0o640), 3, "Other users"),
    "tracked by git": Hostile(tracked, 3, "git tracks"),
}  # fmt: skip


@pytest.mark.sweep
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_env_file(
    here: Place, platform: str, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    """Nobody but the platform hears of the run, it ends at once with a clear word, and the key is nowhere."""
    hostile = HOSTILE[name]
    env = here.folder / ".env"
    if isinstance(hostile.env, bytes):
        env.write_bytes(
            hostile.env.replace(b"{stranger}", here.stranger.url.encode())
            .replace(b"{{", b"{")
            .replace(b"}}", b"}")
        )
        env.chmod(0o600)
    else:
        hostile.env(env, tmp_path_factory.mktemp("elsewhere") / "theirs")
    for file, text in hostile.home.items():
        (here.folder / file).parent.mkdir(exist_ok=True)
        (here.folder / file).write_text(text.replace("{stranger}", here.stranger.url))
    with here.watched(children_only=False):
        done = key.run(here, "run", "--yes", "--debug", DASHSCOPE_HTTP_BASE_URL=platform)
    said = done.stderr.decode()
    assert (hostile.code, True) == (done.returncode, hostile.says in said), said
    assert "Traceback" not in said
    assert not here.stranger.connections
    here.check(stdout=done.stdout, stderr=done.stderr)


def test_the_real_host_is_reached_through_the_users_own_proxy_only(here: Place) -> None:
    """With an endpoint in ``.env`` and a proxy in the environment, the proxy is asked for the platform's host, without the key."""
    (here.folder / ".env").write_text(
        f"{GOOD}DASHSCOPE_HTTP_BASE_URL=http://127.0.0.1:1/api/v1\nALL_PROXY=http://127.0.0.1:1\n"
    )
    done = key.run(here, "jobs", "--debug", HTTPS_PROXY=here.stranger.url)
    assert 1 == done.returncode
    assert here.stranger.received.startswith(b"CONNECT dashscope.aliyuncs.com:443 HTTP/1.1\r\n")
    here.check(stdout=done.stdout, stderr=done.stderr)


def test_an_endpoint_in_the_environment_that_is_not_the_platforms(here: Place) -> None:
    """A strange host is refused unless it is allowed in the command itself."""
    (here.folder / ".env").write_text(GOOD)
    done = key.run(here, "jobs", DASHSCOPE_HTTP_BASE_URL="http://platform.example/api/v1")
    assert 2 == done.returncode
    assert b"--allow-endpoint" in done.stderr
    here.check(stdout=done.stdout, stderr=done.stderr)
