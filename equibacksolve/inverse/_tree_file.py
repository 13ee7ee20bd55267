"""PyTrees of arrays in one file: an .npz that NumPy opens, whose containers are named, not programs.

    header       JSON: what the file is
    structure    the containers (tuples, dicts, modules) around the arrays, as a pickle that may name classes of modules
                 and named tuples alone: nothing in it is ever called
    0, 1, 2, ... the arrays

PRNG keys and weak types survive, so that a state that is read back compiles to the same program as the one written.
"""

import hashlib
import io
import json
import pickle
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree


class Damaged(Exception):
    """The file is not whole."""


def tree_to_bytes(header: dict[str, Any], tree: PyTree, like: PyTree = None) -> bytes:
    """The content of a file that holds the tree. Subtrees built like `like` are stored as their leaves alone.

    Raises TypeError if the tree holds what is neither an array, a number, a text nor a module, tuple, list or dict of
    these. What is built like `like` may hold anything beside its leaves.
    """
    arrays: list[np.ndarray] = []
    structure = io.BytesIO()
    try:
        _Writer(structure, arrays, like).dump(tree)
    except (pickle.PicklingError, AttributeError) as error:  # a class that is not to be found by its name
        raise TypeError(str(error)) from error
    members = {str(number): array for number, array in enumerate(arrays)}
    file = io.BytesIO()
    np.savez(
        file,
        header=np.frombuffer(json.dumps(header).encode(), np.uint8),
        structure=np.frombuffer(structure.getvalue(), np.uint8),
        **members,
    )
    return _sealed(file.getvalue())


def header_from_bytes(content: bytes) -> dict[str, Any]:
    """What the file says of itself. Raises Damaged."""
    return json.loads(_members(content)["header"].tobytes())


def tree_from_bytes(content: bytes, like: PyTree = None) -> PyTree:
    """The tree, with subtrees built like `like` where it was written with such.

    Raises Damaged; AttributeError or ImportError if a class is not there; UnpicklingError if it is no container.
    """
    members = _members(content)
    arrays = [members[str(number)] for number in range(len(members) - 2)]
    return _Reader(io.BytesIO(members["structure"].tobytes()), arrays, like).load()


def _sealed(archive: bytes) -> bytes:
    """A zip file with its checksum as the comment, whose length is what such a file ends with."""
    digest = hashlib.sha256(archive[:-2]).hexdigest().encode()
    return archive[:-2] + len(digest).to_bytes(2, "little") + digest


def _members(content: bytes) -> dict[str, Any]:
    if hashlib.sha256(content[:-66]).hexdigest().encode() != content[-64:]:
        raise Damaged("its checksum is wrong")
    with np.load(io.BytesIO(content), allow_pickle=False) as members:
        return dict(members)


def _is_container(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, (eqx.Module, tuple))


class _Writer(pickle.Pickler):
    def __init__(self, file, arrays, like):
        super().__init__(file, protocol=5)
        self.arrays, self.like = arrays, like
        self.structure = jax.tree.structure(like)

    def persistent_id(self, obj: Any):
        if isinstance(obj, (jax.Array, np.ndarray)):
            return self.place_of(obj)
        if self.like is not None and type(obj) is type(self.like) and jax.tree.structure(obj) == self.structure:
            return ("like", [self.place_of(leaf) for leaf in jax.tree.leaves(obj)])
        return None

    def place_of(self, array):
        """(kind, number, what else is needed to make it anew)."""
        number = str(len(self.arrays))
        if isinstance(array, np.ndarray):
            self.arrays.append(array)
            return ("numpy", number, array.dtype.name)
        if jax.dtypes.issubdtype(array.dtype, jax.dtypes.prng_key):
            self.arrays.append(np.asarray(jax.random.key_data(array)))
            return ("key", number, str(jax.random.key_impl(array)))
        self.arrays.append(np.asarray(array))
        return ("weak" if array.aval.weak_type and not array.ndim else "jax", number, array.dtype.name)

    def reducer_override(self, obj: Any):
        if _is_container(obj) or _is_container(type(obj)):
            return NotImplemented
        named = getattr(obj, "__qualname__", type(obj).__qualname__)
        raise TypeError(f"{named} is neither an array nor a container of arrays")


class _Reader(pickle.Unpickler):
    def __init__(self, file, arrays, like):
        super().__init__(file)
        self.arrays, self.like = arrays, like

    def persistent_load(self, pid: Any):
        if pid[0] == "like":
            return jax.tree.unflatten(jax.tree.structure(self.like), [self.persistent_load(leaf) for leaf in pid[1]])
        kind, number, detail = pid
        array = self.arrays[int(number)]
        if kind == "key":
            return jax.random.wrap_key_data(jnp.asarray(array), impl=detail)
        # Types that NumPy does not know (bfloat16) come back as plain bytes.
        array = array if array.dtype.name == detail else array.view(jnp.dtype(detail))
        if kind == "numpy":
            return array
        return jnp.asarray(array.item()) if kind == "weak" else jnp.asarray(array, array.dtype)

    def find_class(self, module: str, name: str):
        found = super().find_class(module, name)
        if not _is_container(found):
            raise pickle.UnpicklingError(f"{module}.{name} is no container of arrays")
        return found
