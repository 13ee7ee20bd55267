"""Transport: from a sample with leads to its scattering (eqs. 4-13). Functions on arrays."""

from equibacksolve.transport._batched_matrices import Split as Split
from equibacksolve.transport._batched_matrices import inverse as inverse
from equibacksolve.transport._batched_matrices import product as product
from equibacksolve.transport._conductance import Device as Device
from equibacksolve.transport._conductance import Scattering as Scattering
from equibacksolve.transport._conductance import conductance as conductance
from equibacksolve.transport._conductance import device as device
from equibacksolve.transport._conductance import scattering as scattering
from equibacksolve.transport._conductance import unitarity_error as unitarity_error
from equibacksolve.transport._greens_function import transmission_by_greens_function as transmission_by_greens_function
from equibacksolve.transport._greens_function import wire_self_energy as wire_self_energy
from equibacksolve.transport._growth import REFUSED_GROWTH as REFUSED_GROWTH
from equibacksolve.transport._growth import Growth as Growth
from equibacksolve.transport._growth import growth_of as growth_of
from equibacksolve.transport._growth import largest_growth as largest_growth
from equibacksolve.transport._hamiltonian import slice_hamiltonian as slice_hamiltonian
from equibacksolve.transport._site_changes import SiteResponse as SiteResponse
from equibacksolve.transport._site_changes import site_response as site_response
from equibacksolve.transport._stabilisation import growth_per_slice as growth_per_slice
from equibacksolve.transport._stabilisation import stabilisation_interval as stabilisation_interval
from equibacksolve.transport._transfer_matrix import layer_matrix as layer_matrix
from equibacksolve.transport._transfer_matrix import leftgoing_vectors as leftgoing_vectors
from equibacksolve.transport._transfer_matrix import transmission_by_qr as transmission_by_qr
