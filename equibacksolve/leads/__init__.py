"""Leads: what the sample is attached to (eqs. 9-11)."""

from equibacksolve.leads._lead import AbstractLead as AbstractLead
from equibacksolve.leads._lead import LeadModes as LeadModes
from equibacksolve.leads._wire import WireLead as WireLead
