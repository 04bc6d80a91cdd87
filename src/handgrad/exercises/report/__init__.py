"""The report of one check: in a terminal, as data and JSON, as an HTML page, as a record to send."""

from handgrad.exercises.report.as_json import report_data, report_json
from handgrad.exercises.report.as_record import report_record
from handgrad.exercises.report.html import report_html
from handgrad.exercises.report.terminal import show_report

__all__ = ["report_data", "report_html", "report_json", "report_record", "show_report"]
