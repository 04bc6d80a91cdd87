"""Networks in ONNX, the format that runtimes in many languages read. Inputs and outputs are called as by skl2onnx.

The operators are those that onnxruntime computes in float32 and in float64 alike; hence softplus and ELU are written in
more elementary ones. Only Erf is computed in float32 always, because it has no other there.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handgrad import files
from handgrad.errors import SettingError
from handgrad.model.steps import Linear, needed, steps_of
from handgrad.network import MLP, Parameters
from handgrad.network.activations import LEAK

OPSET, IR = 15, 8  # of 2021, which every runtime in use reads
LARGEST = 2**31 - 2**20  # bytes of one message of protobuf's


def to_onnx(
    network: MLP,
    parameters: Parameters,
    path: str | os.PathLike[str] | None = None,
    labels: NDArray[Any] | None = None,
) -> Any:
    """Convert a network to ONNX.

    Parameters
    ----------
    network : MLP
    parameters : Parameters
        NumPy, float32 or float64, which is the type of input and probabilities, too.
    path : path, optional
        Where to write the model; an existing file is replaced.
    labels : array of shape (k,), optional
        The classes, two if there is one output; whole numbers or text. By default, they are counted from 0.

    Returns
    -------
    onnx.ModelProto
        Its input is "X", of any number of rows. Its outputs are "label" and "probabilities" if it classifies, and
        "variable" if it predicts numbers, (n, k). There are two probabilities for a single output; for several
        independent ones, "label" is 0 or 1 for each.

    Raises
    ------
    SettingError
        If onnx is not installed, the network has something that is not known here, ONNX has no such labels, or the
        model is too large for one file.
    RunError
        If it cannot be written.
    """
    with needed("onnx", "pip install 'handgrad[onnx]'"):
        import onnx
    steps, vector = steps_of(network, parameters), parameters.vector
    if vector.dtype not in (np.float32, np.float64) or vector.nbytes > LARGEST:
        raise SettingError(
            f"parameters of {vector.nbytes} bytes, in {vector.dtype}",
            f"float32 or float64, and at most {LARGEST} bytes, as many as a file of ONNX can have",
            "train a smaller network, or in float32",
        )
    nodes, H = _Nodes(onnx, vector.dtype), "X"
    for step in steps:
        H = nodes.add("Gemm", H, *step) if isinstance(step, Linear) else nodes.activation(step, H)
    d, k, dtype = network.layer_sizes[0], network.layer_sizes[-1], nodes.type
    rows = onnx.helper.make_tensor_value_info("X", dtype, ["n", d])
    after = network.criterion.out_activation
    if after in ("identity", "exp"):
        nodes.add("Identity", H, output="variable")
        outputs = [onnx.helper.make_tensor_value_info("variable", dtype, ["n", k])]
    else:
        outputs = nodes.classified(H, k, after, labels)
    graph = onnx.helper.make_graph(nodes.nodes, "handgrad", [rows], outputs, nodes.constants)
    model = onnx.helper.make_model(
        graph,
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=IR,
        producer_name="handgrad",
    )
    onnx.checker.check_model(model)
    if path is not None:
        with files.run_errors(Path(path)), files.written(Path(path)) as file:
            file.write(model.SerializeToString())
    return model


class _Nodes:
    """The nodes of a graph, and its constants, in the order in which they are computed."""

    def __init__(self, onnx: Any, dtype: np.dtype[Any]) -> None:
        self.onnx, self.dtype = onnx, dtype
        self.type = onnx.helper.np_dtype_to_tensor_dtype(dtype)
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, kind: str, *inputs: Any, output: str | None = None, **settings: Any) -> str:
        """Add a node, and return the name of its output; inputs are names, arrays and numbers."""
        names = [one if isinstance(one, str) else self.constant(one) for one in inputs]
        output = output or f"{kind}_{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(kind, names, [output], name=f"node_{len(self.nodes)}", **settings))
        return output

    def constant(self, value: Any) -> str:
        """Add a constant, a number in the precision of the network, and return its name."""
        array = value if isinstance(value, np.ndarray) else np.asarray(value, self.dtype)
        self.constants.append(self.onnx.numpy_helper.from_array(array, f"constant_{len(self.constants)}"))
        return f"constant_{len(self.constants) - 1}"

    def activation(self, name: str, Z: str) -> str:
        """Add an activation."""
        add = self.add
        if name in ("sigmoid", "tanh", "relu", "exp"):
            return add(name.capitalize(), Z)
        if name == "softmax":
            return add("Softmax", Z, axis=1)
        if name == "leaky_relu":
            return add("Max", Z, add("Mul", Z, LEAK))
        if name == "elu":
            return add("Add", add("Relu", Z), add("Sub", add("Exp", add("Min", Z, 0)), 1))
        if name == "silu":
            return add("Mul", Z, add("Sigmoid", Z))
        if name == "softplus":
            return add("Add", add("Relu", Z), add("Log", add("Add", add("Exp", add("Neg", add("Abs", Z))), 1)))
        if name == "gelu":
            error = add("Erf", add("Cast", add("Mul", Z, 0.5**0.5), to=1))
            return add("Mul", add("Mul", Z, 0.5), add("Add", add("Cast", error, to=self.type), 1))
        raise SettingError(f"the activation {name}", "one that has a form in ONNX", "use another one")

    def classified(self, H: str, k: int, activation: str, labels: NDArray[Any] | None) -> list[Any]:
        """Add probabilities and labels, and return their descriptions."""
        helper, numbers = self.onnx.helper, self.onnx.TensorProto.INT64
        if activation == "sigmoid" and k > 1:
            self.add("Identity", H, output="probabilities")
            self.add("Cast", self.add("Greater", H, 0.5), output="label", to=numbers)
            label = helper.make_tensor_value_info("label", numbers, ["n", k])
        else:
            count = max(k, 2)
            if k == 1:
                self.add("Concat", self.add("Sub", 1, H), H, output="probabilities", axis=1)
            else:
                self.add("Identity", H, output="probabilities")
            table = _labels(np.arange(count) if labels is None else labels, count)
            chosen = self.add("ArgMax", "probabilities", axis=1, keepdims=0)
            self.add("Gather", table, chosen, output="label")
            kind = numbers if table.dtype == np.int64 else self.onnx.TensorProto.STRING
            label, k = helper.make_tensor_value_info("label", kind, ["n"]), count
        return [label, helper.make_tensor_value_info("probabilities", self.type, ["n", k])]


def _labels(labels: NDArray[Any], count: int) -> NDArray[Any]:
    """Return labels in a type that ONNX has: int64 or text."""
    if labels.shape != (count,):
        raise SettingError(f"labels of shape {labels.shape}", f"shape ({count},)", "pass one for each class")
    if all(isinstance(label, str) for label in labels.tolist()):
        return labels.astype(object)
    if labels.dtype.kind in "biuf" and np.isfinite(labels).all():
        whole = [int(one) for one in labels.tolist()]
        if whole == labels.tolist() and all(-(2**63) <= one < 2**63 for one in whole):
            return np.array(whole, np.int64)
    raise SettingError(
        f"the classes {labels.tolist()}", "whole numbers or text, the labels that ONNX has", "name them by text"
    )
