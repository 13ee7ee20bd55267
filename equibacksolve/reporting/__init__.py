"""Reporting (needs the extra `plot`): what a finished search did, in pictures and as one file to send around."""

import equibacksolve.plotting  # noqa: F401 - which says what is missing without matplotlib
from equibacksolve.reporting._page import Page as Page
from equibacksolve.reporting._pictures import leaf_figures as leaf_figures
from equibacksolve.reporting._report import report as report
from equibacksolve.reporting._report import write_report as write_report
from equibacksolve.reporting._series_report import write_series_report as write_series_report
