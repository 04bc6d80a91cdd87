"""Reporting: the history as data, the console, and the charts."""

from handgrad.reporting.charts import draw_confusion, draw_curves, draw_first_layer
from handgrad.reporting.classes import confusion_table
from handgrad.reporting.console import image_blocks, output_bars, show_training, summary_table
from handgrad.reporting.layers import draw_gradients
from handgrad.reporting.records import read_history, to_json_line

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
