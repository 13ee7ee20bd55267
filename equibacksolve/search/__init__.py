"""A search: from a start to a solution, with its history, its files and a verdict (steps 1-5)."""

from equibacksolve.search._backsolve import backsolve as backsolve
from equibacksolve.search._choice import as_method as as_method
from equibacksolve.search._default import default_method as default_method
from equibacksolve.search._history import History as History
from equibacksolve.search._series import SolutionSeries as SolutionSeries
from equibacksolve.search._series import backsolve_series as backsolve_series
from equibacksolve.search._solution import Solution as Solution
from equibacksolve.search._solution import load_solution as load_solution
