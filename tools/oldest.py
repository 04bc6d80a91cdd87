"""Print the oldest supported version of every dependency, as constraints for pip.

::

    python tools/oldest.py > oldest.txt && pip install -c oldest.txt '.[test,onnx,parquet]' && pytest
"""

import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
extras = project["optional-dependencies"]
for requirement in [*project["dependencies"], *extras["onnx"], *extras["parquet"]]:
    print(requirement.replace(">=", "=="))
