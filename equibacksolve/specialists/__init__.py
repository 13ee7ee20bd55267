"""Specialists: methods for one kind of hidden map, which a user names; and basin hopping."""

from equibacksolve.specialists._few_discs import FewDiscs as FewDiscs
from equibacksolve.specialists._half_image import half_image as half_image
from equibacksolve.specialists._kicks import Kicks as Kicks
from equibacksolve.specialists._level_walk import AbstractLevelWalk as AbstractLevelWalk
from equibacksolve.specialists._level_walk import walk_and_descent as walk_and_descent
from equibacksolve.specialists._two_levels import TwoLevels as TwoLevels
