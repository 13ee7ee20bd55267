"""How many searches the default lets go on at a time: as many as there are cores, up to eight; one off the CPU."""

import os

import jax
import pytest

from equibacksolve import _host
from equibacksolve.search import _default, default_method


@pytest.mark.parametrize(("cores", "parallel"), [(1, 1), (3, 3), (8, 8), (64, 8)])
def test_for_maps_as_many_as_cores_up_to_eight(monkeypatch, cores, parallel):
    monkeypatch.setattr(_default, "usable_cores", lambda: cores)
    monkeypatch.setattr(jax, "default_backend", lambda: "cpu")
    assert default_method(landscape=True).parallel == parallel
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert default_method(landscape=True).parallel == 1


def test_without_a_map_one_after_the_other(monkeypatch):
    monkeypatch.setattr(_default, "usable_cores", lambda: 64)
    assert default_method(landscape=False).parallel == 1


@pytest.mark.parametrize(("known", "cores"), [(6, 6), (None, 1)])
def test_where_the_system_has_no_affinity_mask_all_cores_count(monkeypatch, known, cores):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: known)
    assert _host.usable_cores() == cores


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="the system has no affinity mask")
def test_only_the_cores_of_the_affinity_mask_count(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {1, 4, 7} if process == 0 else set())
    assert _host.usable_cores() == 3
