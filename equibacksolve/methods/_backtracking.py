"""The paper's own rule, as an optax transformation."""

import optax


def backtracking_descent(
    learning_rate: float = 1.0, *, shrink: float = 0.5, grow: float = 1.2, retries: int = 40
) -> optax.GradientTransformationExtraArgs:
    """Gradient descent p <- p - r grad f with a rate that adapts (eq. 3 and step 4 of the paper).

    A step is accepted if the cost falls; otherwise it is tried again with the rate `shrink` times as large, at most
    `retries` times. Every step tries a rate `grow` times the last accepted one.
    """
    return optax.chain(
        optax.sgd(learning_rate),
        optax.scale_by_backtracking_linesearch(
            max_backtracking_steps=retries,
            slope_rtol=0.0,
            decrease_factor=shrink,
            increase_factor=grow,
            max_learning_rate=float("inf"),
            store_grad=True,
        ),
    )
