"""What a notebook shows of the objects of this package: small tables, curves and maps as HTML, without matplotlib."""

import base64
import html
import struct
import zlib
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jaxtyping import Float, UInt8

from equibacksolve._arrays import is_concrete

_BLUE, _WHITE, _RED = np.array([33, 89, 158]), np.array([250, 250, 250]), np.array([165, 42, 50])
_LARGEST = 512
"""Most pixels of a map along one edge: of larger maps, every second, third, ... row is shown."""


def section(title: str, told: str, *parts: str) -> str:
    """A title, what is told of it in one line, and pictures or tables below; the last are HTML already."""
    shown = "".join(f'<div style="display:inline-block;margin:4px 14px 4px 0">{part}</div>' for part in parts if part)
    told = html.escape(f": {told}" if told else "")
    return f"<div><strong>{html.escape(title)}</strong>{told}<div>{shown}</div></div>"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of text, the first entry of each being its name."""
    cells = lambda row: "".join(f'<td style="text-align:left">{html.escape(entry)}</td>' for entry in row)
    return f"<table>{''.join(f'<tr>{cells(row)}</tr>' for row in rows)}</table>" if rows else ""


def leaves_of_module(module: Any, title: str | None = None) -> str:
    """The arrays of a module: name, shape and range of each, and those that are maps as pictures."""
    arrays = [
        (jax.tree_util.keystr(path).lstrip("."), leaf)
        for path, leaf in jax.tree_util.tree_leaves_with_path(module)
        if hasattr(leaf, "shape") and hasattr(leaf, "dtype")
    ]
    maps = [map_image(np.asarray(leaf), name) for name, leaf in arrays if _is_map(leaf)]
    rows = [[name, str(tuple(leaf.shape)), _range_of(leaf)] for name, leaf in arrays]
    return section(title or type(module).__name__, "", table(rows), *maps[:4])


def map_image(values: Float[np.ndarray, "length width"], caption: str = "", *, signed: bool = True) -> str:
    """A map, x to the right and y upwards: in blue and red about zero, or from white to blue from lowest to highest."""
    step = -(-max(values.shape) // _LARGEST)
    shown = values[::step, ::step].T[::-1]
    finite = shown[np.isfinite(shown)] if np.isfinite(shown).any() else np.zeros(1)
    low, high = float(finite.min()), float(finite.max())
    largest = max(-low, high)
    # Without a sign, the lowest is 0 (white) and the highest -1 (blue).
    part = np.nan_to_num(shown / (largest or 1.0) if signed else (low - shown) / (high - low or 1.0))[..., None]
    colours = np.where(part < 0, _WHITE + (_BLUE - _WHITE) * -part, _WHITE + (_RED - _WHITE) * part)
    colours = np.where(np.isfinite(shown)[..., None], colours, 190)
    size = 150 / max(shown.shape)
    across, up = (max(8, round(n * size)) for n in (shown.shape[1], shown.shape[0]))
    encoded = base64.b64encode(_png(colours.round().astype(np.uint8))).decode()
    style = f"width:{across}px;height:{up}px;image-rendering:pixelated"
    told = html.escape(f"{caption}, up to {largest:.3g}" if signed else f"{caption}, {low:.3g} to {high:.3g}")
    return f'<img alt="{told}" style="{style}" src="data:image/png;base64,{encoded}"><div>{told}</div>'


def curve_image(values: Float[np.ndarray, " steps"], caption: str, *, logarithmic: bool = False) -> str:
    """A curve over the numbers of its points."""
    finite = np.isfinite(values) & ((values > 0) | (not logarithmic))
    places, heights = np.flatnonzero(finite), np.log10(values[finite]) if logarithmic else values[finite]
    if heights.size < 2:
        return ""
    # Of long courses, a point for each pixel will do.
    chosen = np.unique(np.linspace(0, heights.size - 1, 240).astype(int))
    x = 4 + 232 * (places[chosen] - places[0]) / (places[-1] - places[0])
    y = 104 - 96 * (heights[chosen] - heights.min()) / (np.ptp(heights) or 1.0)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y))
    low, high = f"{values[finite].min():.2g}", f"{values[finite].max():.2g}"
    told = html.escape(f"{caption}: {high} to {low}" if logarithmic else f"{caption}: {low} to {high}")
    line = f'<polyline points="{points}" fill="none" stroke="currentColor" stroke-width="1.5"/>'
    frame = '<rect x="1" y="1" width="238" height="108" fill="none" stroke="currentColor" stroke-opacity="0.3"/>'
    return f'<svg width="240" height="110" role="img" aria-label="{told}">{frame}{line}</svg><div>{told}</div>'


def _is_map(leaf: Any) -> bool:
    """Whether it has two axes, and is no table of coordinates: two or three columns, and many rows."""
    return leaf.ndim == 2 and _has_numbers(leaf) and not (leaf.shape[1] in (2, 3) and leaf.shape[0] > 8)


def _has_numbers(leaf: Any) -> bool:
    return is_concrete(leaf) and leaf.size > 0 and np.issubdtype(leaf.dtype, np.floating)


def _range_of(leaf: Any) -> str:
    if not _has_numbers(leaf):
        return str(leaf.dtype)
    low, high = float(np.min(leaf)), float(np.max(leaf))
    return f"{low:.4g}" if leaf.size == 1 else f"{low:.3g} to {high:.3g}"


def _png(pixels: UInt8[np.ndarray, "rows columns 3"]) -> bytes:
    """The pixels as a PNG file (ISO/IEC 15948): a header, the rows without any filter, an end."""
    rows, columns, _ = pixels.shape
    lines = b"".join(b"\0" + row.tobytes() for row in pixels)

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
