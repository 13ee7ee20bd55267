"""Every public function refuses what has no meaning, and all that its class refuses, in one sentence."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import equibacksolve as ebs
from equibacksolve import imaging

L = 8.0
ATOMS = jnp.array([[1.0, 2.0], [3.0, 1.5], [6.0, 7.0], [4.0, 4.0]])
K = jnp.array([[0.8, 0.0], [0.0, 1.6]])
WAVES = 2 * np.pi / L

STRUCTURES = {
    "no atoms": (jnp.zeros((0, 2)), L, r"no atoms|the number of atoms in positions is 0"),
    "nan": (ATOMS.at[1, 0].set(jnp.nan), L, r"positions has the non-finite entry \[nan +1\.5\] at atom 1"),
    "inf": (ATOMS.at[2, 1].set(-jnp.inf), L, r"positions has the non-finite entry .* at atom 2"),
    "masked": (np.ma.masked_greater(np.asarray(ATOMS), 6.5), L, r"positions has the non-finite entry .* at atom 2"),
}
BOXES = {
    "zero box": (ATOMS, 0.0, "box_length is 0, but must be a positive number"),
    "negative box": (ATOMS, -8.0, "box_length is -8, but"),
    "nan box": (ATOMS, jnp.nan, "box_length is nan, but"),
    "infinite box": (ATOMS, np.inf, "box_length is inf, but"),
}
OUTSIDE = {
    "above": (ATOMS.at[3, 0].set(8.5), L, r"1 atoms outside the box \[0, 8\], the first being atom 3"),
    "below": (ATOMS.at[0, 1].set(-1e-9), L, "outside the box"),
    "another unit": (10 * ATOMS, L, "4 atoms outside the box"),
}
LENGTHS = {"zero": 0.0, "negative": -1.0, "nan": jnp.nan, "infinite": jnp.inf}

PAIRS = {
    "real space": (
        lambda x, box: ebs.simulators.RealSpaceImage(x, 0.5, box, 64, periodic=True),
        lambda x, box: imaging.real_space_image(x, 0.5, box, 64, periodic=True),
    ),
    "structure factor": (
        lambda x, box: ebs.simulators.StructureFactor(x, K, box),
        lambda x, _: imaging.structure_factor(x, K),  # knows no box
    ),
}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("bad", STRUCTURES | BOXES | OUTSIDE)
def test_a_function_refuses_the_structures_that_its_class_refuses(name, bad):
    positions, box, message = (STRUCTURES | BOXES | OUTSIDE)[bad]
    for of in PAIRS[name]:
        if of is PAIRS["structure factor"][1] and bad not in STRUCTURES:
            continue
        with pytest.raises(ValueError, match=message) as told:
            of(positions, box)
        assert len(str(told.value)) < 250


@pytest.mark.parametrize("value", LENGTHS.values(), ids=LENGTHS)
def test_lengths_that_are_not_positive_are_refused(value):
    for name, refusing in {
        "width": [
            lambda v: ebs.MomentumImage(ATOMS, v, L),
            lambda v: imaging.real_space_image(ATOMS, v, L, 64),
            lambda v: imaging.stamp_pixels(v, L, 64),
            lambda v: imaging.needed_pixels(v, L),
            lambda v: imaging.check_resolution(v, L, 64, False, None),
        ],
        "reach": [lambda v: imaging.stamp_pixels(0.5, L, 64, v)],
        "cutoff": [lambda v: imaging.box_wavevectors(L, v)],
        "box_length": [
            lambda v: imaging.wrapped(ATOMS, v),
            lambda v: imaging.momentum_image(jnp.ones((4, 4)), v),
            lambda v: imaging.momenta(v, 4),
            lambda v: imaging.box_wavevectors(v, 1.0),
            lambda v: imaging.needed_pixels(0.5, v),
            lambda v: imaging.stamp_pixels(0.5, v, 64),
            lambda v: imaging.check_resolution(0.5, v, 64, False, None),
            lambda v: imaging.triangular_lattice(460, v),
            lambda v: imaging.closest_approach(ATOMS, v),
            lambda v: imaging.bond_orientation(ATOMS, v, neighbours=2),
            lambda v: imaging.matched_distance(ATOMS, ATOMS, v),
        ],
    }.items():
        for refuse in refusing:
            with pytest.raises(ValueError, match=f"^{name} is .*, but must be a positive number; give a length above"):
                refuse(value)


ON_STRUCTURES = {
    "wrapped": imaging.wrapped,
    "closest_approach": imaging.closest_approach,
    "bond_orientation": lambda x, box: imaging.bond_orientation(x, box, neighbours=2),
    "matched_distance": lambda x, box: imaging.matched_distance(x, ATOMS, box),
    "the truth": lambda x, box: imaging.matched_distance(ATOMS, x, box),
}


@pytest.mark.parametrize("name", ON_STRUCTURES)
@pytest.mark.parametrize("bad", STRUCTURES | BOXES)
def test_functions_without_a_class_refuse_what_is_no_structure(name, bad):
    positions, box, message = (STRUCTURES | BOXES)[bad]
    with pytest.raises(ValueError, match=message):
        ON_STRUCTURES[name](positions, box)


@pytest.mark.parametrize(
    ("refusing", "message"),
    [
        (lambda: imaging.real_space_image(ATOMS, 0.1, L, 32), "pixels is 32, too few .*; give pixels=55 or more"),
        (lambda: imaging.real_space_image(ATOMS, 0.5, L, 0), "pixels is 0"),
        (lambda: imaging.real_space_image(ATOMS, 2.0, L, 64, periodic=True), "more than a sixth of the periodic box"),
        (lambda: imaging.real_space_image(ATOMS, 0.5, L, 64, stamp=10), "stamp is 10 pixels, but must lie between 39"),
        (lambda: imaging.real_space_image(ATOMS, 0.5, L, 64, stamp=65), "stamp is 65 pixels"),
        (lambda: imaging.real_space_image(ATOMS, 0.5, L, 64, stamp=0), "stamp is 0 pixels"),
        (lambda: imaging.real_space_image(ATOMS, 0.5, L, 64, chunk=0), "chunk is 0"),
        (lambda: jax.jit(lambda w: imaging.real_space_image(ATOMS, w, L, 64, stamp=65))(0.5), "stamp is 65 pixels"),
        (lambda: jax.jit(lambda w: imaging.real_space_image(ATOMS, w, 0.0, 64))(0.5), "box_length is 0"),
        (lambda: imaging.structure_factor(ATOMS, K.at[1, 1].set(jnp.nan)), r"wavevectors has the non-finite .* at poi"),
        (lambda: imaging.structure_factor(ATOMS, K, chunk=0), "chunk is 0"),
        (lambda: imaging.momentum_image(jnp.ones((3, 3)).at[2, 0].set(jnp.inf), L), "image has the non-fin.* in row 2"),
        (lambda: imaging.momentum_image(jnp.ones((0, 0)), L), "the number of pixels of image is 0"),
        (lambda: imaging.momenta(L, 0), "pixels is 0"),
        (lambda: imaging.stamp_pixels(0.5, L, 0), "pixels is 0"),
        (lambda: imaging.triangular_lattice(-4, L), "atoms is -4: no triangular lattice"),
        (lambda: imaging.bond_orientation(ATOMS, L, neighbours=0), "neighbours is 0"),
        (lambda: imaging.bond_orientation(ATOMS, L, neighbours=-1), "neighbours is -1"),
        (lambda: imaging.matched_distance(ATOMS, ATOMS[:3], L), "positions has 4 atoms, truth 3"),
        (lambda: imaging.matched_distance(ATOMS, ATOMS + 4, L), "outside the box"),
        (lambda: imaging.matched_distance(ATOMS, ATOMS, L, candidates=0), "candidates is 0"),
    ],
)
def test_other_arguments_are_refused(refusing, message):
    with pytest.raises(ValueError, match=message):
        refusing()


@pytest.mark.parametrize(
    ("refusing", "message"),
    [
        (lambda: imaging.wrapped(jnp.ones((4, 3)), L), r"positions must be .* of shape \(atoms, 2\), but is"),
        (lambda: imaging.wrapped(ATOMS > 2, L), "positions must be an array of real numbers .*, but is bool"),
        (lambda: imaging.structure_factor(ATOMS * 1j, K), "positions must be .*, but is complex128 of shape"),
        (
            lambda: imaging.momentum_image(jnp.ones((3, 4)), L),
            r"image must be .* shape \(pixels, pixels\), but is float",
        ),
    ],
)
def test_other_shapes_and_kinds_are_refused_in_a_sentence(refusing, message):
    with pytest.raises(TypeError, match=message) as told:
        refusing()
    assert len(str(told.value)) < 200


def test_what_is_like_an_array_is_one():
    """Lists, integers and NumPy, as the classes take them."""
    rows, whole = [[1, 2], [3, 4]], np.array([[1, 2], [3, 4]])
    exact = jnp.array([[1.0, 2.0], [3.0, 4.0]])
    for function in (
        lambda x: imaging.real_space_image(x, 0.5, L, 32),
        lambda x: imaging.structure_factor(x, [[1, 0]]),
        lambda x: imaging.closest_approach(x, L),
        lambda x: imaging.wrapped(x, 3),
    ):
        for like in (rows, whole, whole.astype(">f8")):
            np.testing.assert_allclose(function(like), function(exact), rtol=1e-15)


def test_positions_in_single_precision_stay_so_among_double_lengths():
    single, box, half = ATOMS.astype(jnp.float32), jnp.array(L), jnp.array(0.5)
    for function in (
        lambda x: imaging.real_space_image(x, half, box, 64, periodic=True, stamp=40, chunk=2),
        lambda x: imaging.structure_factor(x, K),
        lambda x: imaging.wrapped(x, box),
        lambda x: imaging.momentum_image(x[:2], box),
    ):
        assert function(single).dtype == jnp.float32
        # Sums of a few terms of order one, in single precision.
        np.testing.assert_allclose(function(single), function(ATOMS), rtol=1e-5, atol=1e-5)


def test_a_search_may_carry_atoms_out_of_the_box_and_their_simulator_still_predicts():
    """As many periods away the atoms of a periodic box are where they were."""
    away = ATOMS + L * jnp.array([[2, -1], [0, 0], [1, 0], [0, -3]])
    for simulator in (
        ebs.simulators.RealSpaceImage(ATOMS, 0.5, L, 64, periodic=True),
        ebs.simulators.StructureFactor(ATOMS, WAVES * jnp.array([[1, 0], [2, 3]]), L),
    ):
        import equinox as eqx

        moved = eqx.tree_at(lambda s: s.positions, simulator, away)
        np.testing.assert_allclose(moved.predict(), simulator.predict(), atol=1e-11)


def test_an_atom_on_the_edge_is_inside_in_either_precision():
    for box in (40.7, 0.1, 3e-10):
        corner = jnp.array([[0.0, box]], jnp.float32)
        assert ebs.simulators.StructureFactor(corner, K, box).predict().shape == (2,)


def test_every_public_function_of_the_room_is_tried_here():
    """Whoever adds one adds it to a list above."""
    functions = {name for name, thing in vars(imaging).items() if inspect.isfunction(thing) and name[0] != "_"}
    source = inspect.getsource(inspect.getmodule(test_what_is_like_an_array_is_one))
    tried = {name for name in functions if f"imaging.{name}" in source}
    assert functions - tried == {"check_positive", "check_structure"}
