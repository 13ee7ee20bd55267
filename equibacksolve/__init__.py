"""equibacksolve: recover hidden parameters of a physical system from measured data."""

from jaxtyping import install_import_hook

# Every function checks the shapes and dtypes that its signature names.
with install_import_hook("equibacksolve", "beartype.beartype"):
    from equibacksolve.leads import WireLead as WireLead
    from equibacksolve.sample import ExchangeField as ExchangeField
    from equibacksolve.sample import Potential as Potential
    from equibacksolve.sample import SquareLattice as SquareLattice
    from equibacksolve.simulators import AbstractSimulator as AbstractSimulator
    from equibacksolve.simulators import Magnetoconductance as Magnetoconductance
