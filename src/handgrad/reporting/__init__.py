"""Reporting: the history as data, the console, and the charts."""

from typing import TYPE_CHECKING

from handgrad.lazy import on_demand as _on_demand

_HOMES = {
    "confusion_table": "handgrad.reporting.classes",
    "draw_confusion": "handgrad.reporting.charts",
    "draw_curves": "handgrad.reporting.charts",
    "draw_first_layer": "handgrad.reporting.charts",
    "draw_gradients": "handgrad.reporting.layers",
    "image_blocks": "handgrad.reporting.console",
    "output_bars": "handgrad.reporting.console",
    "read_history": "handgrad.reporting.records",
    "show_training": "handgrad.reporting.console",
    "summary_table": "handgrad.reporting.console",
    "to_json_line": "handgrad.reporting.records",
}

__all__ = [
    "confusion_table",
    "draw_confusion",
    "draw_curves",
    "draw_first_layer",
    "draw_gradients",
    "image_blocks",
    "output_bars",
    "read_history",
    "show_training",
    "summary_table",
    "to_json_line",
]

if TYPE_CHECKING:
    from handgrad.reporting.charts import draw_confusion, draw_curves, draw_first_layer
    from handgrad.reporting.classes import confusion_table
    from handgrad.reporting.console import image_blocks, output_bars, show_training, summary_table
    from handgrad.reporting.layers import draw_gradients
    from handgrad.reporting.records import read_history, to_json_line

__getattr__, __dir__ = _on_demand(__name__, _HOMES)
