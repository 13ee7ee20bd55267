"""Which equations of a step suit a problem of some size."""

from equibacksolve.inverse import Hidden, Problem, count_unknowns
from equibacksolve.methods._conjugate_gradients import ConjugateGradients
from equibacksolve.methods._data_space import DataSpace, suits_data_space
from equibacksolve.methods._normal_equations import NormalEquations
from equibacksolve.methods._orthogonal_factor import OrthogonalFactor
from equibacksolve.methods._step_equations import AbstractStepEquations

VERY_FEW_UNKNOWNS = 256
"""So many unknowns, and a factor of J itself costs less than the simulations that make it."""

FEW_UNKNOWNS = 2048
"""So many unknowns, and J^T J and its factor cost less than the simulations that make J."""

SMALL_JACOBIAN = 2**27
"""Entries of a Jacobian that is kept in memory: 1 GiB in float64."""


def suitable_equations(
    named: AbstractStepEquations | None, exact: bool, problem: Problem, hidden: Hidden
) -> AbstractStepEquations:
    """The equations that are `named`, or those that suit the size; `exact`: by an orthogonal factor, if it is small."""
    if named is not None:
        return named
    unknowns = count_unknowns(hidden)
    if exact and unknowns <= VERY_FEW_UNKNOWNS:
        return OrthogonalFactor()
    data = problem.observed.values.size
    if unknowns <= FEW_UNKNOWNS:
        return NormalEquations()
    keep_jacobian = unknowns * data <= SMALL_JACOBIAN
    if keep_jacobian and data < unknowns and suits_data_space(problem):
        return DataSpace()
    return ConjugateGradients(keep_jacobian=keep_jacobian)
