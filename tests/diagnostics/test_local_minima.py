"""Local minima of a landscape, against one whose minima and pass are known in closed form."""

import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float

import equibacksolve as ebs
from equibacksolve.diagnostics import CostSurface, LocalMinimum, cost_surface, local_minima, refined
from equibacksolve.diagnostics._local_minima import escape_height

TILT = 0.3


class DoubleWell(ebs.AbstractSimulator):
    """Data a^2, tilt a and b: with data 1, tilt and 0 the cost is ((a^2 - 1)^2 + tilt^2 (a - 1)^2 + b^2) / 3."""

    place: Float[Array, " 2"]

    def predict(self) -> Float[Array, " 3"]:
        a, b = self.place
        return jnp.stack([a**2, TILT * a, b])


def place(well):
    return well.place


WELL, DATA = DoubleWell(jnp.array([1.0, 0.0])), ebs.Observations(values=jnp.array([1.0, TILT, 0.0]))
ENTRIES = ((0,), (1,))
# d cost / da = 0: the truth a = 1, and 4 a (a + 1) + 2 tilt^2 = 0, whose roots are the pass and the trap.
PASS, TRAP = (-1 + np.sqrt(1 - 2 * TILT**2)) / 2, (-1 - np.sqrt(1 - 2 * TILT**2)) / 2


def height(a):
    return ((a**2 - 1) ** 2 + TILT**2 * (a - 1) ** 2) / 3


def landscape(n):
    a = jnp.linspace(-1.6, 1.6, n)
    return cost_surface(WELL, DATA, where=place, entries=ENTRIES, first_values=a, second_values=a + 0.013)


def test_both_wells_are_found_lowest_first():
    truth, trap = local_minima(landscape(81))
    # Half a mesh width is 0.02; the pass is met at a point of the mesh, which is off by curvature x 0.02^2.
    assert (truth.first, truth.second) == pytest.approx((1.0, 0.0), abs=0.021)
    assert (trap.first, trap.second) == pytest.approx((TRAP, 0.0), abs=0.021)
    assert truth.barrier == np.inf
    assert trap.barrier == pytest.approx(height(PASS) - height(TRAP), abs=2e-3)


def test_refined_they_are_exact():
    truth, trap = (
        refined(m, WELL, DATA, where=place, entries=ENTRIES, within=0.1) for m in local_minima(landscape(33))
    )
    assert (truth.first, truth.second, truth.cost) == pytest.approx((1.0, 0.0, 0.0), abs=1e-8)
    # Levenberg-Marquardt converges linearly where residuals remain; it stops at relative steps of 1e-8.
    assert trap.first == pytest.approx(TRAP, abs=1e-5)
    assert trap.cost == pytest.approx(height(TRAP), abs=1e-9)


def test_a_minimum_that_is_not_there_is_dropped():
    on_a_slope = LocalMinimum(0.4, 0.3, 1.0, 0.1)
    assert refined(on_a_slope, WELL, DATA, where=place, entries=ENTRIES, within=0.1) is None


def test_the_edge_and_flat_ground_hold_no_minimum():
    axis = jnp.arange(5.0)
    slope = CostSurface(axis, axis, axis[:, None] + axis)
    flat = CostSurface(axis, axis, jnp.ones((5, 5)))
    assert local_minima(slope) == local_minima(flat) == []


@pytest.mark.parametrize("place", [(1, 1), (1, 4), (3, 1), (3, 4)])
def test_a_minimum_next_to_the_edge_is_found(place):
    """The only one of a bowl: there is no lower ground that it could be left for."""
    first, second = np.arange(5.0), np.arange(6.0)
    bowl = (first[:, None] - place[0]) ** 2 + (second - place[1] - 0.1) ** 2
    [bottom] = local_minima(CostSurface(*(jnp.asarray(each) for each in (first, second, bowl))))
    assert bottom == (*place, pytest.approx(0.01), np.inf)


def test_water_finds_the_lowest_pass():
    """Two ways out of the pit in the middle, over 3 and over 2."""
    ground = jnp.array([[9.0, 9, 9, 9, 9], [0, 3, 1, 2, 0], [9, 9, 9, 9, 9]])
    [pit] = local_minima(CostSurface(jnp.arange(3.0), jnp.arange(5.0), ground))
    assert pit == LocalMinimum(1.0, 2.0, 1.0, 1.0)


@pytest.mark.parametrize("turns", range(4))
def test_a_way_out_along_an_edge_counts(turns):
    """From the corner with 1, all ways into the middle climb to 9; the edge leads over 3 to a corner with 0."""
    mesh = np.full((4, 4), 9.0)
    mesh[0] = [1.0, 2.0, 3.0, 0.0]
    mesh = np.rot90(mesh, turns)
    start = tuple(int(index) for index in np.argwhere(mesh == 1.0)[0])
    assert escape_height(mesh, start) == 3.0


@pytest.mark.parametrize("turns", range(4))
def test_a_wall_of_one_mesh_point_holds_water(turns):
    mesh = np.rot90(np.array([[0.0, 0, 0], [9, 9, 9], [2, 1, 2]]), turns)
    start = tuple(int(index) for index in np.argwhere(mesh == 1.0)[0])
    assert escape_height(mesh, start) == 9.0
