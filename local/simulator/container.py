"""A model server: loads one model's `code/inference.py` and answers for it, as a SageMaker inference container does.

Run as `python -P container.py <model_dir>`. Requests come on standard input and answers go to standard
output, each a header line of JSON and a body of the length in the header. The process ends at the end of its input, and
so with the one that started it.

The four functions of an inference script and their defaults are those of the SageMaker inference toolkit.

Source of the request and the four functions: the SageMaker inference toolkit (aws/sagemaker-inference-toolkit).
"""

from __future__ import annotations

import importlib.util
import json
import sys
import traceback
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import ModuleType

    from local.json_document import Document


_JSON = "application/json"
_CSV = "text/csv"


def read_frame(stream: IO[bytes]) -> tuple[Document, bytes] | None:
    """Read a header and its body; None at the end of the stream. The stream may have no buffer."""
    line = stream.readline()
    if not line:
        return None
    header: Document = json.loads(line)
    body = b""
    while len(body) < header["length"] and (chunk := stream.read(header["length"] - len(body))):
        body += chunk
    return header, body


def write_frame(stream: IO[bytes], header: Document, body: bytes = b"") -> None:
    """Write a header and its body. The stream may have no buffer."""
    left = memoryview(json.dumps({**header, "length": len(body)}).encode() + b"\n" + body)
    while left:
        left = left[stream.write(left) :]
    stream.flush()


class _Model:
    """A loaded model and the functions that serve it."""

    def __init__(self, model_dir: Path) -> None:
        script = _load(model_dir / "code" / "inference.py")
        self._input = getattr(script, "input_fn", _default_input)
        self._predict = getattr(script, "predict_fn", _default_predict)
        self._output = getattr(script, "output_fn", _default_output)
        self._model = script.model_fn(str(model_dir))

    def answer(self, body: bytes, content_type: str, accept: str) -> tuple[str, bytes]:
        """Return the content type and the body of the answer to an invocation.

        Source: aws/sagemaker-inference-toolkit.
        """
        prediction = self._predict(self._input(body, content_type), self._model)
        output = self._output(prediction, accept)
        content, produced = output if isinstance(output, tuple) else (output, accept)
        return produced, content.encode() if isinstance(content, str) else bytes(content)


def _load(script: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("inference", script)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(script)
    sys.path.insert(0, str(script.parent))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _default_input(body: bytes, content_type: str) -> Any:
    if content_type.startswith(_JSON):
        return json.loads(body)
    if content_type.startswith(_CSV):
        return [[float(cell) for cell in row.split(",")] for row in body.decode().splitlines() if row.strip()]
    return body


def _default_predict(data: Any, model: Any) -> Any:
    return model.predict(data) if hasattr(model, "predict") else model(data)


def _default_output(prediction: Any, accept: str) -> str:
    plain = prediction.tolist() if hasattr(prediction, "tolist") else prediction
    if accept.startswith(_CSV):
        return "\n".join(",".join(map(str, row if isinstance(row, list) else [row])) for row in plain)
    return json.dumps(plain)


def main() -> None:
    """Load the model, say so, and answer until the input ends."""
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    sys.stdout = sys.stderr  # what a script prints is log, not answer
    try:
        model = _Model(Path(sys.argv[1]))
    except Exception:  # noqa: BLE001 - whatever the script raises is the model's failure
        traceback.print_exc()
        write_frame(answers, {"status": 500}, traceback.format_exc().encode())
        return
    write_frame(answers, {"status": 200})
    while frame := read_frame(requests):
        header, body = frame
        try:
            content_type, answer = model.answer(body, header["content_type"], header["accept"])
        except Exception:  # noqa: BLE001 - whatever the script raises is the answer
            traceback.print_exc()
            failed = {"status": 500, "number": header["number"]}
            write_frame(answers, failed, traceback.format_exc().splitlines()[-1].encode())
        else:
            write_frame(answers, {"status": 200, "content_type": content_type, "number": header["number"]}, answer)


if __name__ == "__main__":
    main()
