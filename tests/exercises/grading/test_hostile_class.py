"""A class with hostile sheets among honest ones is graded completely, and not much later than the honest ones alone."""

import os
import shutil
import time
from pathlib import Path

import pytest

from handgrad.exercises.grading.grade import grade
from handgrad.exercises.sandbox.isolation import find_sandbox
from handgrad.exercises.sheet import solved_sheet

HONEST = 30
TAKES_OVER = """
import sys
class fcc:
    pass
def gradient_descent(neural_net, trainx, trainy, testx, testy, learning_rate=0.1, num_iterations=10, evaluate_every=1):
    import numpy as np
    frame = sys._getframe()
    while 'channel' not in frame.f_locals:
        frame = frame.f_back
    channel, request = frame.f_locals['channel'], frame.f_locals['request']
    while True:
        answer = {'status': 'ok', 'values': {}, 'left_out': {}, 'nonce': request['nonce']}
        answer['events'] = [['backprop', {'array': 0}, 0, 0.5]] * 50_000
        channel.write(answer, [np.zeros(8_000_000, np.uint8)])
        request, _ = channel.read()
"""
HUGE = """
import numpy as np
class fcc:
    def __init__(self, *a): pass
    def forward_propagation(self, X): pass
    def backprop(self, y):
        self.delta_out = np.{}
        self.db_out = np.zeros(3)
"""
HOSTILE = {
    "endless events": TAKES_OVER,
    "no rows": HUGE.format("empty((0, 2**31 - 1))"),
    "a column": HUGE.format("ones((40_000, 1))"),
    "memory": "held = []\ndef del_sigmoid(h):\n    while True:\n        held.append(bytearray(1 << 26))\n",
    "loops": "def del_sigmoid(h):\n    while True:\n        pass\n",
}


@pytest.mark.slow
def test_a_class_with_hostile_sheets_is_graded_completely(tmp_path: Path) -> None:
    """Thirty honest sheets get all points, five hostile ones none, a pipe a reason, in at most twice the time."""
    sandbox = find_sandbox(allow_none=True)
    honest, mixed = tmp_path / "honest", tmp_path / "mixed"
    honest.mkdir()
    for number in range(HONEST):
        (honest / f"learner{number}.py").write_text(solved_sheet(4, "py"), encoding="utf-8")
    shutil.copytree(honest, mixed)
    for name, source in HOSTILE.items():
        (mixed / f"{name}.py").write_text(source, encoding="utf-8")
    os.mkfifo(mixed / "pipe.zip")
    seconds = []
    for folder in (honest, mixed):
        began = time.monotonic()
        graded = grade([folder], tmp_path / f"{folder.name} graded", sandbox)
        seconds.append(time.monotonic() - began)
    points = {row.name: row.total for row in graded.rows}
    assert [points[f"learner{number}"] for number in range(HONEST)] == [graded.rubric.maximum] * HONEST
    assert [points[name] for name in HOSTILE] == [0.0] * len(HOSTILE)
    assert [row.name for row in graded.rows if row.checked is None] == ["pipe"]
    assert seconds[1] <= 2 * seconds[0]
