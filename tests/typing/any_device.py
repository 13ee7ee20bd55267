# pyright: standard
"""Devices of samples, leads and terminals; atoms from curves."""

import jax
import numpy as np

import equibacksolve as ebs

jax.config.update("jax_enable_x64", True)


def device() -> ebs.TightBindingDevice[ebs.samples.MapOfSites]:
    sample = ebs.samples.square_sample(6, 4, np.zeros((6, 4)))
    ends = [ebs.samples.ribbon_lead(sample, (step, 0)) for step in (-1, 1)]
    return ebs.TightBindingDevice(sample, ends)


def from_arrays() -> ebs.TightBindingDevice:
    row, column = np.array([0, 1, 1, 2]), np.array([1, 0, 2, 1])
    entries = ebs.samples.Entries(row, column, np.ones(4), [0.0, 0.0, 0.0, 0.0])
    sample = ebs.samples.TightBinding([0.0, 0.1, 0.0], entries, np.arange(3.0))
    wire = ebs.WireLead(np.pi / 2, hopping=0.9)
    return ebs.TightBindingDevice(sample, [ebs.Terminal(wire, [0]), ebs.Terminal(ebs.leads.WideBandLead(0.5), [2])])


def hall_bar() -> None:
    bar = ebs.simulators.ConductanceMatrix(device())
    print(bar.predict(flux=[0.0], energy=[0.3]).shape)
    smeared = ebs.ThermalSmearing(ebs.Conductance(device(), to=1, source=0), 0.02)
    measured = ebs.simulated_observations(smeared, flux=[0.0, 0.01], energy=[0.1, 0.2, 0.3])
    found = ebs.backsolve(
        smeared,
        measured,
        ebs.LevenbergMarquardt(),
        where=lambda s: (s.simulator.device.sample.onsite.values, s.temperature),
        prior=ebs.Smoothness(2.0, 0.1),
    )
    print(found.simulator.temperature, found.simulator.simulator.device.sample.onsite.values.shape)
    print(ebs.Conductance(from_arrays()).predict(flux=[0.0], energy=[0.1]))


def spins() -> None:
    onsite = ebs.Potential(np.zeros((4, 3))) + ebs.ExchangeField(angle=np.zeros((4, 3)), coupling=0.4)
    device = ebs.Magnetoconductance(ebs.SquareLattice(onsite), ebs.WireLead([0.7, 2.4]))
    calibrated = ebs.EnergyCalibration(ebs.FluxOffset(device, 0.001), scale=1.02, offset=0.1)
    both = ebs.SeriesResistance(simulator=calibrated, resistance=0.03)
    print(both.predict(flux=[0.0], energy=[0.1]), both.simulator.simulator.simulator.sample.onsite.terms[0])


def atoms() -> None:
    box = ebs.atoms.Box([9.0, 9.0, 9.0])
    start = ebs.atoms.Observables(
        ebs.atoms.Structure(np.random.default_rng(1).uniform(0, 9, (36, 3)), box, "Si"),
        S=ebs.atoms.ReciprocalSpaceCurve(np.arange(1.0, 12.0, 0.1), reach=4.5),
        g=ebs.atoms.RealSpaceCurve(np.arange(1.0, 4.0, 0.05), width=0.08),
        apart=ebs.atoms.ExcludedDistances({"Si-Si": 2.1}),
    )
    told = start.predictions()
    observed = start.observations(S=(told["S"], 0.01), g=(told["g"], 0.02), apart=(0.0, 0.02))
    found = ebs.backsolve(
        start, observed, ebs.methods.AnnealedLangevin(0.3, 0.02), where=lambda s: s.positions, polish=False, steps=5
    )
    print(found.simulator.misfits(observed), found.simulator.structure().positions.shape)
    image = ebs.MomentumImage(positions=[[1.0, 2.0], [3.0, 4.0]], width=0.3, box_length=8.0, pixels=16)
    print(image.predict().shape, image.positions)


if __name__ == "__main__":
    hall_bar()
    spins()
    atoms()
