"""The command line: `equibacksolve potential map.csv --sites 12x12 --wavenumber 1.5708 --out runs/dot1`.

Built with click, which is one package without dependencies, wraps help text well, and runs commands inside tests.
"""

from equibacksolve.command_line._main import main as main
