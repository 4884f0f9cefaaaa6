"""What all of local AWS agrees on: account, region, folders and the environment of its processes."""

import os
from collections.abc import Mapping
from pathlib import Path

ACCOUNT_ID = "111122223333"
REGION = "us-east-1"
STACK_NAME = "endpoint-deployer"

ROOT = Path(__file__).resolve().parent.parent
WHEELS = ROOT / ".cache" / "wheels"
BUILD = ROOT / ".cache" / "local"

_INHERITED = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TERM", "TZ", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


def aws_environment(url: str) -> dict[str, str]:
    """Return the variables that make the AWS CLI and SDKs talk to local AWS at `url`, as its account's root."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": ACCOUNT_ID,  # MiniStack takes a key of twelve digits for the root of that account
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
    }


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
