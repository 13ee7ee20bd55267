"""Out of the traps that symmetry makes: go on from the mirror image."""

import equinox as eqx
import jax
from jaxtyping import PRNGKeyArray

from equibacksolve.inverse import AbstractSymmetry, Hidden, Problem, images
from equibacksolve.methods._method import AbstractMethod, State, around


class ImageHopping(AbstractMethod):
    """Run `method`; if its end does not explain the data, run it again from each image of that end.

    Bounds that pin what is known (a notch at one corner) choose one image of the truth. A search that was heading for
    another image then ends in a trap beside it: almost everything is right, but mirrored. Its own mirror image is close
    to the truth. Images are taken of the first end; the best end counts.

    **Fields** `method`: run from the start; `symmetries`: what the data cannot tell; `from_image`: run from the images,
    the same method if left out.
    """

    method: AbstractMethod
    symmetries: tuple[AbstractSymmetry, ...]
    from_image: AbstractMethod | None = None

    def init(self, problem: Problem, hidden: Hidden, key: PRNGKeyArray) -> State:
        inner = self.method.init(problem, hidden, key)
        return around(inner, (hidden, key), inner.evaluations, done=False, start=0)

    def step(self, problem: Problem, state: State) -> State:
        inner, (first_end, key) = state.inner
        image = int(state.start)
        if bool(inner.done):
            first_end = inner.hidden if image == 0 else first_end
            image = image + 1
            inner = self._method(image).init(problem, self._image(problem, first_end, image), key)
        found = self._method(image).step(problem, inner)
        evaluations = state.evaluations + found.evaluations - inner.evaluations
        last = image + 1 == 2 ** len(self.symmetries)
        done = bool(found.done) and (last or bool(problem.explained(found.cost)))
        return around(found, (first_end, key), evaluations, done=done, start=image)

    def _method(self, image):
        return self.method if image == 0 or self.from_image is None else self.from_image

    def _image(self, problem, hidden, number):
        image = images(problem.simulator(hidden), self.symmetries)[number]
        chosen = jax.tree.map(lambda leaf: leaf is not None, hidden, is_leaf=lambda leaf: leaf is None)
        return problem.within_bounds(eqx.filter(image, chosen))
