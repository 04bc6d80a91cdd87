"""What this machine has to offer, as its system says it."""

from pathlib import Path

import pytest

from handgrad.runs.machine import _of_groups

GROUPS = {
    "version 2": ("0::/box/job\n", {"memory.max": "max", "box/memory.max": "9", "box/job/memory.max": "5"}, [5, 9]),
    "inside a container": ("0::/\n", {"memory.max": "7000\n"}, [7000]),
    "version 1": ("9:cpu:/job\n8:memory:/job\n", {"memory/job/memory.limit_in_bytes": "6000"}, [6000]),
    "no limit": ("0::/job\n", {"memory.max": "max"}, []),
    "another system": ("", {}, []),
}  # fmt: skip


@pytest.mark.parametrize("name", GROUPS)
def test_a_container_limits_memory(name: str, tmp_path: Path) -> None:
    """The limits of the process's own control group and of those above it count, in both versions of Linux's."""
    groups, limits, wanted = GROUPS[name]
    for path, content in {"proc/self/cgroup": groups, **{f"sys/fs/cgroup/{k}": v for k, v in limits.items()}}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
    assert list(_of_groups(tmp_path)) == wanted
