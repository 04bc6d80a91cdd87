"""Print the oldest supported version of every dependency, as constraints for pip.

::

    python tools/oldest.py > oldest.txt && pip install -c oldest.txt '.[test,parquet]' && pytest
"""

import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
for requirement in [*project["dependencies"], *project["optional-dependencies"]["parquet"]]:
    print(requirement.replace(">=", "=="))
