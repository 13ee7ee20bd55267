"""Leads: what the sample is attached to (eqs. 9-11)."""

from equibacksolve.leads._given import TabulatedLead as TabulatedLead
from equibacksolve.leads._given import WideBandLead as WideBandLead
from equibacksolve.leads._lead import AbstractLead as AbstractLead
from equibacksolve.leads._lead import LeadModes as LeadModes
from equibacksolve.leads._lead import SelfEnergy as SelfEnergy
from equibacksolve.leads._periodic import PeriodicLead as PeriodicLead
from equibacksolve.leads._split import split_terminal as split_terminal
from equibacksolve.leads._terminal import Terminal as Terminal
from equibacksolve.leads._wire import WireLead as WireLead
