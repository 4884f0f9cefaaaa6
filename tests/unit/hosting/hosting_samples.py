"""Parts of configs that the hosting simulator takes or refuses."""

from __future__ import annotations

ASYNC = {"AsyncInferenceConfig": {"OutputConfig": {"S3OutputPath": "s3://b/answers"}}}
BOUGHT = "arn:aws:sagemaker:us-east-1:865070037744:model-package/some-model"
