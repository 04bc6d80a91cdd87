"""What scikit-learn's callbacks see of a fit: one task, and in it a task for each epoch.

``sklearn.callback`` came with scikit-learn 1.9; with an older one, ``set_callbacks`` does not exist.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from handgrad.estimator.undoing import CHANGING, copied

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks

    FRAMES = 1  # of with_callbacks, between a method and its caller
except ImportError:
    FRAMES = 0

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Nothing: this scikit-learn has no callbacks."""

    def with_callbacks(method: Callable[..., Any]) -> Callable[..., Any]:
        """Return the method itself."""
        return method


__all__ = ["FRAMES", "CallbackSupportMixin", "Tasks", "with_callbacks"]


class Tasks:
    """Tells scikit-learn's callbacks, if the estimator has any, when a fit and its epochs begin and end.

    Parameters
    ----------
    estimator : estimator
    data : dict
        ``X``, ``y`` and ``metadata`` as the callbacks receive them.
    epochs : int
        At most this many; 0 for a fit that has none.
    """

    def __init__(self, estimator: Any, data: dict[str, Any], epochs: int) -> None:
        self._data = {"estimator": estimator, **data}
        self._fit: Any = None
        self._epoch: Any = None
        if getattr(estimator, "_skl_callbacks", []):
            self._fit = estimator._init_callback_context(max_subtasks=epochs)
            self._fit.call_on_fit_task_begin(**self._data)

    @property
    def wanted(self) -> bool:
        """Whether there are callbacks."""
        return self._fit is not None

    def begin_epoch(self) -> None:
        """Say that an epoch begins."""
        if self._fit is not None:
            self._epoch = self._fit.subcontext("epoch").call_on_fit_task_begin(**self._data)

    def end_epoch(self) -> bool:
        """Say that the epoch has ended, and return whether a callback wants the fit to stop."""
        return self._fit is not None and self._ended(self._epoch)

    def end(self) -> None:
        """Say that the fit has ended."""
        if self._fit is not None:
            self._ended(self._fit)

    def _ended(self, task: Any) -> bool:
        """Let callbacks have an estimator as if the fit had stopped here; only for those that ask is it copied."""
        return bool(task.call_on_fit_task_end(**self._data, reconstruction_attributes=self._copied))

    def _copied(self) -> dict[str, Any]:
        """Copy what training changes, and leave the callbacks to the original."""
        estimator = self._data["estimator"]
        changing = copied(estimator, (*CHANGING, "_random", "random_state"))  # with the random numbers that it draws
        return {**changing, "_skl_callbacks": [], "_skl_callbacks_to_teardown": []}
