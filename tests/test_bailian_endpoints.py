"""Where a key may be sent: the platform's own hosts and this computer, and nowhere else by accident."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wizard.bailian import endpoints
from wizard.bailian.endpoints import Endpoint, check_url, endpoint, endpoint_at
from wizard.errors import UsageError

ALLOWED_HOST = re.compile(r"([a-z0-9_-]+\.)*aliyuncs\.com|localhost|127\.\d+\.\d+\.\d+|::1")


@pytest.mark.parametrize(
    ("region", "workspace", "url"),
    [
        ("cn-beijing", "", "https://dashscope.aliyuncs.com/api/v1"),
        ("ap-southeast-1", "", "https://dashscope-intl.aliyuncs.com/api/v1"),
        ("us-east-1", "", "https://dashscope-us.aliyuncs.com/api/v1"),
        ("cn-hongkong", "", "https://cn-hongkong.dashscope.aliyuncs.com/api/v1"),
        ("cn-beijing", " llm-1a2B ", "https://llm-1a2b.cn-beijing.maas.aliyuncs.com/api/v1"),
        ("eu-central-1", "llm-1", "https://llm-1.eu-central-1.maas.aliyuncs.com/api/v1"),
    ],
)
def test_each_region_has_its_address(region: str, workspace: str, url: str) -> None:
    """A workspace has a host of its own; without one the region's shared host serves. Each passes its own check."""
    assert Endpoint(url, region, workspace.strip()) == endpoint(region, workspace)
    assert url == check_url(url, allow_any=False)


@pytest.mark.parametrize(
    ("region", "workspace"),
    [
        ("nowhere", ""),
        ("eu-central-1", ""),
        ("cn-beijing", "evil.io/"),
        ("cn-beijing", "a.b"),
        ("cn-beijing", "-a"),
    ],
)
def test_what_makes_no_address_is_refused(region: str, workspace: str) -> None:
    """An unknown region, a workspace that would break out of its label, a region that needs one."""
    with pytest.raises(UsageError):
        endpoint(region, workspace)


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("https://dashscope.aliyuncs.com", "https://dashscope.aliyuncs.com/api/v1"),
        (" https://dashscope.aliyuncs.com/ \n", "https://dashscope.aliyuncs.com/api/v1"),
        ("HTTPS://DashScope.aliyuncs.com/api/v1/", "https://dashscope.aliyuncs.com/api/v1"),
        ("https://dashscope.aliyuncs.com/compatible-mode/v1", "https://dashscope.aliyuncs.com/api/v1"),
        ("https://dashscope.aliyuncs.com:443/api/v1", "https://dashscope.aliyuncs.com/api/v1"),
        (
            "https://vpc-cn-beijing.dashscope.aliyuncs.com",
            "https://vpc-cn-beijing.dashscope.aliyuncs.com/api/v1",
        ),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/api/v1"),
        ("http://127.9.9.9/api/v1", "http://127.9.9.9/api/v1"),
        ("http://localhost:1/api/v1", "http://localhost:1/api/v1"),
        ("https://[::1]:8443", "https://[::1]:8443/api/v1"),
    ],
)
def test_the_platform_and_this_computer_are_allowed(url: str, normal: str) -> None:
    """Each comes out with the API's path, and unchanged the second time."""
    assert normal == check_url(url, allow_any=False) == check_url(normal, allow_any=False)


STRANGE = [
    "http://dashscope.aliyuncs.com",
    "https://aliyuncs.com.evil.io",
    "https://dashscope.aliyuncs.com.evil.io",
    "https://evil-aliyuncs.com",
    "https://evildashscope.aliyuncs.com",
    "https://bucket.oss-cn-beijing.aliyuncs.com",
    "https://1234.cn-beijing.fc.aliyuncs.com",
    "https://dashscope.aliyuncs.com.",
    "https://dashscope.aliyuncs.com:8443",
    "https://dashscope.aliyuncs.com/elsewhere",
    "http://127.0.0.1.evil.io",
    "http://localhost.evil.io",
    "http://0.0.0.0:80",
    "http://192.168.0.1",
    "http://2130706433",
    "http://[::ffff:8.8.8.8]",
]
NEVER = [
    "",
    "dashscope.aliyuncs.com",
    "ftp://dashscope.aliyuncs.com",
    "file:///etc/passwd",
    "https://user:password@dashscope.aliyuncs.com",
    "https://dashscope.aliyuncs.com@evil.io",
    "https://evil.io#.aliyuncs.com",
    "https://evil.io?.aliyuncs.com",
    "https://evil.io\\.aliyuncs.com",
    "https://evil.io/\t.aliyuncs.com",
    "https://dashscope。aliyuncs.com",
    "https://dashscopе.aliyuncs.com",
    "https://dashscope.aliyuncs.com:99999",
    "http://[::1",
]


@pytest.mark.parametrize("url", STRANGE)
def test_a_stranger_needs_the_flag(url: str) -> None:
    """Lookalikes, rented hosts under the same domain, and plain http: refused with the flag's name, allowed with the flag."""
    with pytest.raises(UsageError) as caught:
        check_url(url, allow_any=False)
    assert "--allow-endpoint" in caught.value.hint
    assert check_url(url, allow_any=True).endswith("/api/v1")


@pytest.mark.parametrize("url", NEVER)
def test_what_two_programs_read_differently_is_never_allowed(url: str) -> None:
    """User names, fragments, backslashes, other scripts and other schemes: no flag helps."""
    for allow_any in (False, True):
        with pytest.raises(UsageError):
            check_url(url, allow_any=allow_any)


URLISH = st.one_of(
    st.text(max_size=60),
    st.builds(
        "{}{}{}{}".format,
        st.sampled_from(["https://", "http://", "HTTPS://", "", "https:/", "//"]),
        st.lists(
            st.sampled_from(
                [
                    "aliyuncs.com",
                    "dashscope",
                    ".",
                    "@",
                    ":",
                    "evil.io",
                    "127.0.0.1",
                    "[::1]",
                    "maas",
                    "%2e",
                    "-",
                ]
            ),
            max_size=6,
        ).map("".join),
        st.sampled_from(["", ":443", ":80", ":0", ":", "\n"]),
        st.sampled_from(["", "/", "/api/v1", "/../x", "?q", "#f", "\\x", "/compatible-mode/v1"]),
    ),
)


@given(URLISH)
def test_whatever_passes_goes_to_the_platform_or_stays_here(url: str) -> None:
    """The host that the standard library reads is an allowed one, over https unless it is this computer; and it is stable."""
    try:
        checked = check_url(url, allow_any=False)
    except UsageError:
        return
    parts = urlsplit(checked)
    assert ALLOWED_HOST.fullmatch(parts.hostname or "")
    assert parts.scheme == "https" or not (parts.hostname or "").endswith("aliyuncs.com")
    assert (parts.username, parts.password, parts.query, parts.fragment) == (None, None, "", "")
    assert parts.path.endswith("/api/v1")
    assert checked == check_url(checked, allow_any=False)


def test_an_endpoint_knows_whether_it_is_here() -> None:
    """The sandbox and tests are local, the platform isn't."""
    assert endpoint_at("http://127.0.0.1:1").local
    assert not endpoint().local
    assert endpoint_at("http://127.0.0.1:1").host == "127.0.0.1:1"


def test_only_beijing_is_sure_to_tune() -> None:
    """What is known about a region is said where it is chosen."""
    notes = {region.code: region.note() for region in endpoints.REGIONS}
    assert notes.pop("cn-beijing") == ""
    assert all(notes.values())
    assert all(region.name() for region in endpoints.REGIONS)
