"""Saving: trees of arrays as files that hold nothing but numbers and names, written so that a crash loses nothing."""

from equibacksolve.saving._durable import write_durably as write_durably
from equibacksolve.saving._named_classes import CannotBeReadHere as CannotBeReadHere
from equibacksolve.saving._named_classes import MissingClass as MissingClass
from equibacksolve.saving._tree_as_json import Damaged as Damaged
from equibacksolve.saving._tree_file import can_be_written as can_be_written
from equibacksolve.saving._tree_file import check_readable as check_readable
from equibacksolve.saving._tree_file import header_from_bytes as header_from_bytes
from equibacksolve.saving._tree_file import tree_from_bytes as tree_from_bytes
from equibacksolve.saving._tree_file import tree_to_bytes as tree_to_bytes
