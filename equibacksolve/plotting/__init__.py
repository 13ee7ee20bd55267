"""Plotting (needs the extra `plot`, i.e. matplotlib): landscapes, data, histories, reconstructions."""

from equibacksolve.plotting._landscape import add_cost_scale as add_cost_scale
from equibacksolve.plotting._landscape import draw_cost_landscape as draw_cost_landscape
from equibacksolve.plotting._landscape import draw_flux_scan as draw_flux_scan
from equibacksolve.plotting._landscape import draw_singular_values as draw_singular_values
from equibacksolve.plotting._panels import draw_data as draw_data
from equibacksolve.plotting._panels import draw_history as draw_history
from equibacksolve.plotting._panels import draw_landscape as draw_landscape
from equibacksolve.plotting._reconstruction import reconstruction_figure as reconstruction_figure
