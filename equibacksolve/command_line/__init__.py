"""The commands of the program `equibacksolve` (equibacksolve_program.py, which imports them when they are called).

    equibacksolve potential map.csv --sites 12x12 --wavenumber 1.5708 --out runs/dot1

Built with click, which is one package without dependencies, wraps help text well, and runs commands inside tests.
"""

from equibacksolve.command_line._atoms import atoms as atoms
from equibacksolve.command_line._magnetization import magnetization as magnetization
from equibacksolve.command_line._potential import potential as potential
from equibacksolve.command_line._report import report as report
from equibacksolve.command_line._wording import in_options_of as in_options_of
