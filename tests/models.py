"""Tiny models of known answers."""

import hashlib
from pathlib import Path
from typing import Any

import onnx
from jobfleet_worker.operations.limits import Model
from onnx import TensorProto, helper


def means(folder: Path, *, shape: tuple[Any, ...] = (1, 3, 8, 8), kind: int = TensorProto.FLOAT,
         metadata: dict[str, str] | None = None, times: float = 1) -> Model:  # fmt: skip
    """Make a model whose scores are the means of its channels, `times` as large."""
    axes = [1, 2] if shape[3] in (1, 3) else [2, 3]
    nodes = [
        helper.make_node("Cast", ["image"], ["real"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["real"], ["means"], axes=axes, keepdims=0),
        helper.make_node("Mul", ["means", "times"], ["scores"]),
    ]
    graph = helper.make_graph(
        nodes, "means",
        [helper.make_tensor_value_info("image", kind, shape)],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, None)],
        [helper.make_tensor("times", TensorProto.FLOAT, [1], [times])],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, metadata or {})
    path, labels = folder / "means.onnx", folder / "labels.txt"
    onnx.save(model, str(path))
    labels.write_text("red\ngreen\nblue\n")
    return Model(str(path), hashlib.sha256(path.read_bytes()).hexdigest(), str(labels))
