"""Plotting (needs the extra `plot`, i.e. matplotlib): panels for axes that the caller owns, and whole figures."""

try:
    import matplotlib.figure  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        'pictures need the package matplotlib, which is not installed; pip install "equibacksolve[plot]".',
        name="matplotlib",
    ) from error

from equibacksolve.plotting._animation import atoms_animation as atoms_animation
from equibacksolve.plotting._animation import evolution_animation as evolution_animation
from equibacksolve.plotting._atoms import draw_atoms as draw_atoms
from equibacksolve.plotting._cost_surface import add_cost_scale as add_cost_scale
from equibacksolve.plotting._cost_surface import draw_cost_surface as draw_cost_surface
from equibacksolve.plotting._cost_surface import draw_flux_scan as draw_flux_scan
from equibacksolve.plotting._cost_surface import draw_singular_values as draw_singular_values
from equibacksolve.plotting._figure import new_figure as new_figure
from equibacksolve.plotting._fit import draw_residuals as draw_residuals
from equibacksolve.plotting._fit import fit_figure as fit_figure
from equibacksolve.plotting._gif import GifWriter as GifWriter
from equibacksolve.plotting._maps import landscape_figure as landscape_figure
from equibacksolve.plotting._panels import draw_errors as draw_errors
from equibacksolve.plotting._panels import draw_history as draw_history
from equibacksolve.plotting._panels import draw_landscape as draw_landscape
from equibacksolve.plotting._panels import draw_magnetization as draw_magnetization
from equibacksolve.plotting._profile import draw_profile as draw_profile
from equibacksolve.plotting._readings import draw_data as draw_data
from equibacksolve.plotting._readings import draw_readings as draw_readings
from equibacksolve.plotting._reconstruction import reconstruction_figure as reconstruction_figure
from equibacksolve.plotting._series import draw_series as draw_series
from equibacksolve.plotting._sites import SITE_ENERGY as SITE_ENERGY
from equibacksolve.plotting._sites import SiteLayout as SiteLayout
from equibacksolve.plotting._sites import draw_map as draw_map
from equibacksolve.plotting._sites import draw_sites as draw_sites
from equibacksolve.plotting._sites import sites_figure as sites_figure
from equibacksolve.plotting._structures import draw_bond_angles as draw_bond_angles
from equibacksolve.plotting._structures import draw_coordination as draw_coordination
from equibacksolve.plotting._structures import structure_figure as structure_figure
from equibacksolve.plotting._style import POTENTIAL as POTENTIAL
from equibacksolve.plotting._style import SITE as SITE
from equibacksolve.plotting._style import TICKS as TICKS
from equibacksolve.plotting._style import Quantity as Quantity
from equibacksolve.plotting._style import labelled as labelled
from equibacksolve.plotting._style import largest_magnitude as largest_magnitude
from equibacksolve.plotting._style import quantity_in as quantity_in
from equibacksolve.plotting._style import reading_quantity as reading_quantity
from equibacksolve.plotting._style import setting_quantity as setting_quantity
from equibacksolve.plotting._style import settings_in as settings_in
from equibacksolve.plotting._style import with_colour_bar as with_colour_bar
