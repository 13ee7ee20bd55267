"""Programs that a new user runs, as text: what `first_minute.py` times, each in a process of its own.

They use names that older checkouts know, too. Each prints one line of JSON, or nothing.
"""

IMPORT = "import equibacksolve"

OVER_DEPENDENCIES = """
import importlib, json, sys, time
for name in json.loads(sys.argv[1]):
    try:
        importlib.import_module(name)
    except ImportError:
        pass
began, cpu = time.perf_counter(), time.process_time()
import equibacksolve
print(json.dumps({"cpu": time.process_time() - cpu, "wall": time.perf_counter() - began}))
"""
"""What the import takes once all that it imports of other packages is there; their names are the argument."""

DEPENDENCIES = """
import json, sys
import equibacksolve
print(json.dumps([name for name in sys.modules if not name.startswith(("equibacksolve", "__main__"))]))
"""

PROGRAM = """
import sys
from {module} import main
sys.argv[0] = "equibacksolve"
main()
"""
"""The program `equibacksolve`, with the arguments of this process; older checkouts have it in another module."""

DECAY = """
import jax.numpy as jnp
import equibacksolve as ebs
from jaxtyping import Array, Float

class Decay(ebs.AbstractSimulator):
    amplitude: Float[Array, " decays"]
    rate: Float[Array, " decays"]

    def observe(self, time):
        return jnp.sum(self.amplitude * jnp.exp(-self.rate * time))

time = jnp.linspace(0.0, 3.0, 20)
counts = ebs.Observations(jnp.exp(-time) + 0.5 * jnp.exp(-4 * time), time=time)
start = Decay(jnp.array([0.8, 0.8]), jnp.array([0.5, 3.0]))
ebs.backsolve(start, counts, where=lambda s: (s.amplitude, s.rate), progress=False)
"""
"""The simulator of the README, from the import to the end."""

SAMPLE = """
import json, sys, time
import jax, jax.numpy as jnp, numpy as np
import equibacksolve as ebs
jax.config.update("jax_enable_x64", True)
data = dict(np.load(sys.argv[1]))
key = jax.random.key(0)
hidden = lambda s: s.sample.onsite.values
guess = jax.random.uniform(key, (12, 12), minval=-0.1, maxval=0.1)
start = ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(guess)), ebs.WireLead(jnp.pi / 2))
noise = 0.03 * np.random.default_rng(0).normal(size=data["G"].shape)

def observed(sigma, fluxes):
    axes = {"flux": data["flux"][:fluxes], "energy": data["energy"]}
    return ebs.Observations.on_grid(**axes, values=(data["G"] + noise)[:fluxes], sigma=sigma)
"""
"""The potential of Fig. 2 with noise of 0.03, 31 fluxes x 21 energies. sys.argv[1] is the map that Kwant computed."""

AGAIN = (
    SAMPLE
    + """
def seconds(sigma, fluxes):
    began, cpu = time.perf_counter(), time.process_time()
    ebs.backsolve(start, observed(sigma, fluxes), where=hidden, key=key, progress=False)
    return {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - began}

def compiled(sigma, fluxes):
    first, second = seconds(sigma, fluxes), seconds(sigma, fluxes)
    return {name: first[name] - second[name] for name in first}

told = {"first search": compiled(0.03, 31), "another sigma": compiled(0.035, 31), "one flux fewer": compiled(0.03, 30)}
print(json.dumps(told))
"""
)
"""What a search takes more than the same search does the second time: its compilation."""

PROGRESS = (
    SAMPLE
    + """
problem = observed(0.03, 31)
print("calls", flush=True, file=sys.stderr)
ebs.backsolve(start, problem, where=hidden, key=key, steps=1)
"""
)
"""Standard error says when `backsolve` is called; the next that it says is the first progress."""
