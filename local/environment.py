"""Account, region, folders, and the environment of the processes of local AWS."""

import os
from collections.abc import Mapping
from pathlib import Path

import boto3
import botocore.session
from botocore.config import Config

ACCOUNT_ID = "111122223333"
REGION = "us-east-1"
STACK_NAME = "endpoint-deployer"

ROOT = Path(__file__).resolve().parent.parent
WHEELS = ROOT / ".cache" / "wheels"
BUILD = ROOT / ".cache" / "local"

FUNCTIONS_ENVIRONMENT = {
    "AWS_DEFAULT_REGION": REGION,
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "POWERTOOLS_METRICS_NAMESPACE": "EndpointDeployer",
}
"""Variables that the functions read when they are imported into a process of this machine; the keys open nothing."""

_SECRET = "local"  # noqa: S105 - opens nothing
_INHERITED = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TERM", "TZ", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


def aws_environment(url: str) -> dict[str, str]:
    """Return the variables that make the AWS CLI and SDKs talk to local AWS at `url`, as its account's root."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": ACCOUNT_ID,  # MiniStack takes a key of twelve digits for the root of that account
        "AWS_SECRET_ACCESS_KEY": _SECRET,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
    }


def aws_session(access_key: str = ACCOUNT_ID, secret_key: str = _SECRET, token: str | None = None) -> boto3.Session:
    """Return a session for local AWS, by default as its account's root, with nothing of the developer's set-up.

    Neither a profile nor a file of settings is read, not even one that AWS_PROFILE names and that does not exist.
    """
    nothing = (None, None, None, None)
    core = botocore.session.Session(
        session_vars={
            "profile": nothing,
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
            "ca_bundle": nothing,
        }
    )
    return boto3.Session(access_key, secret_key, token, REGION, botocore_session=core)


def client_config() -> Config:
    """Return the settings of a client of local AWS: one attempt, and straight to loopback whatever HTTP_PROXY says."""
    return Config(region_name=REGION, retries={"total_max_attempts": 1}, proxies={})


def process_environment(home: Path, extra: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of a process of local AWS.

    Nothing of the developer's AWS set-up gets in: no profile, no credentials, no endpoint, no proxy.

    Args:
        home: The folder that the process takes for its home and for temporary files.
        extra: Variables of this process; they win.
    """
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {
        **inherited,
        "HOME": str(home),
        "TMPDIR": str(home),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAM_CLI_TELEMETRY": "0",
        **extra,
    }
