"""Where requests may go: the platform's regions, the hosts that may see a key, and the console's pages."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from wizard.errors import UsageError
from wizard.locale import _, enumerated

BEIJING = "cn-beijing"
SINGAPORE = "ap-southeast-1"
DEFAULT_REGION = BEIJING
API_PATH = "/api/v1"

# What is known about tuning text models in a region.
TUNES, UNVERIFIED, NO_EVIDENCE = "tunes", "unverified", "no-evidence"


@dataclass(frozen=True, slots=True)
class Region:
    """One region of the platform. ``shared_host`` is empty where only a workspace has a host."""

    code: str
    shared_host: str
    tuning: str
    source: str

    def name(self) -> str:
        """The region's name in the language in use."""
        return {
            BEIJING: _("China (Beijing)"),
            SINGAPORE: _("Singapore"),
            "us-east-1": _("US (Virginia)"),
            "cn-hongkong": _("Hong Kong (China)"),
            "eu-central-1": _("Germany (Frankfurt)"),
            "ap-northeast-1": _("Japan (Tokyo)"),
        }[self.code]

    def note(self) -> str:
        """What a person should know before choosing it; empty for the one region that is sure."""
        return {
            TUNES: "",
            UNVERIFIED: _(
                "The platform's documents disagree on whether text models can be tuned here: unverified. "
                "Beijing is the safe choice."
            ),
            NO_EVIDENCE: _(
                "No document says that text models can be tuned here. Beijing is the safe choice."
            ),
        }[self.tuning]


# Hosts: get-api-key and regions, 2026-05-25 and July 2026. Tuning: the tuning API's pages name Beijing only (fine-tuning-api-guide
# 2026-05-26, create-fine-tuning-job-api autumn 2026); the international site's pages name Singapore, with differing models
# (text-generation-model-tuning 2026-03-17, model-training-overview 2026-06-03, create-fine-tuning-job-api 2026-10-12).
_NAMES_ONLY_BEIJING = "help.aliyun.com fine-tuning-api-guide, 2026-05-26"
REGIONS: tuple[Region, ...] = (
    Region(BEIJING, "https://dashscope.aliyuncs.com", TUNES, _NAMES_ONLY_BEIJING),
    Region(
        SINGAPORE,
        "https://dashscope-intl.aliyuncs.com",
        UNVERIFIED,
        "alibabacloud.com create-fine-tuning-job-api, 2026-10-12, against " + _NAMES_ONLY_BEIJING,
    ),
    Region("us-east-1", "https://dashscope-us.aliyuncs.com", NO_EVIDENCE, _NAMES_ONLY_BEIJING),
    Region("cn-hongkong", "https://cn-hongkong.dashscope.aliyuncs.com", NO_EVIDENCE, _NAMES_ONLY_BEIJING),
    Region("eu-central-1", "", NO_EVIDENCE, _NAMES_ONLY_BEIJING),
    Region("ap-northeast-1", "", NO_EVIDENCE, _NAMES_ONLY_BEIJING),
)

# A workspace's id becomes the first label of a host name, so it is held to what a label can be.
_WORKSPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
# The whole URL is matched, never parsed: what two parsers read differently (backslashes, tabs, "@", "#") doesn't match at all.
_URL = re.compile(
    r"(https?)://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?((?:/[A-Za-z0-9._~-]+)*)/?",
    re.IGNORECASE,
)
# The platform's own hosts only: under aliyuncs.com as a whole anybody can rent a host (object storage, functions).
_PLATFORM = re.compile(
    r"dashscope(?:-[a-z0-9-]+)?\.aliyuncs\.com"
    r"|(?:[a-z0-9-]+\.)*dashscope\.(?:[a-z0-9-]+\.privatelink\.)?aliyuncs\.com"
    r"|[a-z0-9_-]+\.[a-z0-9-]+\.maas\.aliyuncs\.com"
)
_OWN_HOST = re.compile(r"https://([a-z0-9_-]+)\.([a-z0-9-]+)\.maas\.aliyuncs\.com" + re.escape(API_PATH))
_PATHS = frozenset({"", API_PATH, "/compatible-mode/v1"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A base URL that was checked (it ends in ``/api/v1``), the region it belongs to, and the workspace or an empty text."""

    base_url: str
    region: str = DEFAULT_REGION
    workspace: str = ""

    @property
    def host(self) -> str:
        """Host and port, for a person to read."""
        return self.base_url.partition("://")[2].partition("/")[0]

    @property
    def local(self) -> bool:
        """Whether requests stay on this computer."""
        matched = _URL.fullmatch(self.base_url)
        return matched is not None and _loopback(matched[2])


def region(code: str) -> Region:
    """The region called ``code``; UsageError, naming those that are known, for another."""
    for known in REGIONS:
        if known.code == code:
            return known
    raise UsageError(
        _("There is no region {code!r}.").format(code=code),
        _("Known regions: {regions}").format(regions=enumerated(known.code for known in REGIONS)),
    )


def endpoint(region_code: str = DEFAULT_REGION, workspace: str = "") -> Endpoint:
    """Where a key of this region and workspace is to be used: the workspace's own host, else the region's shared one.

    Raises UsageError for an unknown region, a workspace id that can't be one, or a region without a shared host.
    """
    chosen = region(region_code)
    workspace = check_workspace(workspace)
    if workspace:
        return Endpoint(
            f"https://{workspace.lower()}.{chosen.code}.maas.aliyuncs.com{API_PATH}", chosen.code, workspace
        )
    if not chosen.shared_host:
        raise UsageError(
            _("In {region} only a workspace has an address, so the workspace's id is needed.").format(
                region=chosen.name()
            ),
            _("The id is shown in the console, at the top of the workspace's page: {url}").format(
                url=console_home(chosen.code)
            ),
        )
    return Endpoint(chosen.shared_host + API_PATH, chosen.code)


def place_of(base_url: str) -> tuple[str, str] | None:
    """The region and the workspace whose own address ``base_url`` is; None where it is nobody's in particular."""
    shared = {known.shared_host + API_PATH: known.code for known in REGIONS if known.shared_host}
    if base_url in shared:
        return shared[base_url], ""
    own = _OWN_HOST.fullmatch(base_url)
    return (own[2], own[1]) if own and own[2] in {known.code for known in REGIONS} else None


def endpoint_at(
    url: str, *, region_code: str = DEFAULT_REGION, workspace: str = "", allow_any: bool = False
) -> Endpoint:
    """The endpoint at a URL that the user set, once ``check_url`` has let it through."""
    return Endpoint(check_url(url, allow_any=allow_any), region(region_code).code, check_workspace(workspace))


def check_workspace(workspace: str) -> str:
    """``workspace`` without spaces around it, empty for none; UsageError for what can't be a workspace's id."""
    workspace = workspace.strip()
    if workspace and not _WORKSPACE.fullmatch(workspace):
        raise UsageError(
            _("A workspace's id has letters, digits, - and _ only, as in llm-1a2b3c4d5e6f."),
            _("Leave it empty to use the key's own workspace."),
        )
    return workspace


def check_url(url: str, *, allow_any: bool) -> str:
    """The base URL, ending in ``/api/v1``, that ``url`` means, if a key may be sent there.

    Allowed are https on the platform's own hosts and http or https on this computer (127.0.0.0/8, ::1, localhost);
    ``allow_any`` (``--allow-endpoint``, typed in this very run) allows any other http or https host. UsageError otherwise,
    and always for what isn't a plain URL: user names, queries, fragments, other schemes, odd characters.
    """
    matched = _URL.fullmatch(url.strip())
    if not matched:
        raise UsageError(
            _("This is not an address that the wizard can use: it must look like {example}.").format(
                example=REGIONS[0].shared_host + API_PATH
            ),
            _("No user name, query or special character may be in it. Look at DASHSCOPE_HTTP_BASE_URL."),
        )
    scheme, host, port, path = matched[1].lower(), matched[2].lower(), matched[3], matched[4]
    if port and not 0 < int(port) < 1 << 16:
        raise UsageError(_("The address has a port that can't exist: {port}.").format(port=port))
    official = (
        scheme == "https" and port in (None, "443") and bool(_PLATFORM.fullmatch(host)) and path in _PATHS
    )
    if not (official or _loopback(host) or allow_any):
        raise UsageError(
            _("The key would be sent to {host}, which is not one of the platform's addresses.").format(
                host=f"{scheme}://{host}" + (f":{port}" if port else "")
            ),
            _("If you trust this address, say so in the command itself with --allow-endpoint; otherwise remove it from the "
              "environment or .env (DASHSCOPE_HTTP_BASE_URL)."),
        )  # fmt: skip
    if official:
        port, path = None, API_PATH
    elif path.endswith("/compatible-mode/v1"):
        path = path.removesuffix("/compatible-mode/v1") + API_PATH
    elif not path.endswith(API_PATH):
        path += API_PATH
    return f"{scheme}://{host}" + (f":{int(port)}" if port else "") + path


def _loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return address.is_loopback and (address.version == 6) == host.startswith("[")  # noqa: PLR2004 - IPv6


def _console(region_code: str) -> str:
    if region_code == BEIJING:
        return "https://bailian.console.aliyun.com"
    return "https://modelstudio.console.aliyun.com"


def console_home(region_code: str = DEFAULT_REGION) -> str:
    """The console's first page."""
    return f"{_console(region_code)}/" if region_code == BEIJING else f"{_console(region_code)}/{region_code}"


def console_keys(region_code: str = DEFAULT_REGION) -> str:
    """Where API keys are made and seen (the newest page in autumn 2026; elsewhere the one that is known)."""
    page = "model/settings/api-key" if region_code == BEIJING else "?tab=model#/api-key"
    return f"{_console(region_code)}/{page}"


def console_workspace(region_code: str = DEFAULT_REGION) -> str:
    """Where a workspace is granted models; where that isn't known, the console's first page."""
    home = console_home(region_code)
    return f"{home}settings/workspace" if region_code == BEIJING else home


def console_free_quota(region_code: str = DEFAULT_REGION) -> str:
    """Where "stop when the free quota is used up" is switched; where that isn't known, the console's first page."""
    home = console_home(region_code)
    return f"{home}?tab=model#/model-usage/free-quota" if region_code == BEIJING else home


def console_jobs(region_code: str = DEFAULT_REGION) -> str:
    """Where fine-tune jobs are listed; the documents give no link to a single job."""
    return f"{_console(region_code)}/{region_code}/model/tuning"


def console_models(region_code: str = DEFAULT_REGION) -> str:
    """Where one's own fine-tuned models are listed."""
    return f"{_console(region_code)}/{region_code}/model/custom"


def console_deploy(region_code: str = DEFAULT_REGION) -> str:
    """Where a fine-tuned model is deployed, which it must be before it can be called."""
    return f"{_console(region_code)}/{region_code}/model/deploy"
