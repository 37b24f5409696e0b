"""A plan-scoring network in ONNX form, run by onnxruntime on one thread."""

from __future__ import annotations

import numpy as np
import onnxruntime

from envs.feature_schema import NUM_CONTEXT, NUM_FEATURES
from envs.plan_table import MAX_PLANS
from scenarios.errors import InputError

_INPUTS = {"plans": (MAX_PLANS, NUM_FEATURES), "context": (NUM_CONTEXT,)}


class ScoringModel:
    """Inputs ``plans`` float32 (B, K, NUM_FEATURES) and ``context`` float32 (B, NUM_CONTEXT), output ``logits`` (B, K).

    Raises:
        InputError: not an ONNX model, or one with other inputs and outputs.
    """

    def __init__(self, content: bytes) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's errors have no common base
            raise InputError("model.onnx", type(error).__name__, "an ONNX model", "export it again") from error
        found = {node.name: node for node in self._session.get_inputs()}
        for name, shape in _INPUTS.items():
            is_fit = name in found and found[name].type == "tensor(float)" and _fits(found[name].shape[1:], shape)
            if not is_fit or len(found) != len(_INPUTS):
                described = {node.name: node.shape for node in found.values()}
                raise InputError(
                    "model.onnx",
                    described,
                    f"inputs plans (B, {MAX_PLANS}, {NUM_FEATURES}) and context (B, {NUM_CONTEXT})",
                    "export it again",
                )
        if [node.name for node in self._session.get_outputs()] != ["logits"]:
            raise InputError("model.onnx", "other outputs", "one output, logits", "export it again")

    def scores(self, features: np.ndarray, context: np.ndarray) -> np.ndarray:
        """Logits float32 (K,) of one decision; safe to call from several threads."""
        return self.run(features[np.newaxis], context[np.newaxis])[0]

    def run(self, features: np.ndarray, context: np.ndarray) -> np.ndarray:
        """Logits float32 (B, K) of a batch of decisions."""
        return self._session.run(None, {"plans": features, "context": context})[0]


def _fits(found: list[int | str | None], expected: tuple[int, ...]) -> bool:
    """Whether an ONNX shape, in which names stand for any size, can take ``expected``."""
    if len(found) != len(expected):
        return False
    return all(not isinstance(size, int) or size == want for size, want in zip(found, expected, strict=True))
