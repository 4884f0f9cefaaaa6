"""A model that really answers."""

from __future__ import annotations

from tests.unit.hosting.account import Account, Storage

ADDER = """
def model_fn(model_dir):
    return 40

def predict_fn(data, model):
    return [sum(row) + model for row in data]
"""


def with_artifact(content: bytes) -> Account:
    """Make an account whose S3 holds one artifact, and an endpoint of it."""
    account = Account(options={"storage": Storage({"s3://b/model.tar.gz": content})})
    account.create_model("m", ModelDataUrl="s3://b/model.tar.gz")
    account.create_config()
    account.create_endpoint()
    account.clock.sleep(account.settings.create_seconds)
    return account
