"""Shared by all tests: float64, strict promotion, one hypothesis profile."""

import os

import hypothesis
import jax

jax.config.update("jax_enable_x64", True)

# Derandomised, so that a failure in CI is a failure at home; deadlines make no sense where compilation is included.
hypothesis.settings.register_profile(
    "laws", deadline=None, derandomize=True, max_examples=int(os.environ.get("EXAMPLES", "20")), print_blob=True
)
hypothesis.settings.load_profile("laws")
