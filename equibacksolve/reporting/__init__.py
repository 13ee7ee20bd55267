"""Reporting (needs the extra `plot`): what a finished search did, as one file that can be sent around."""

from equibacksolve.reporting._report import write_report as write_report
