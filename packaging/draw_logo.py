"""The logo and the icon of the site: a lattice whose sites are as large as a potential there is high.

python packaging/draw_logo.py    # writes docs/logo.svg and docs/favicon.svg
"""

import math
import pathlib

DOCS = pathlib.Path(__file__).parents[1] / "docs"
SITES, SIZE = 4, 64
HILLS = (((0.2, 0.75), 1.0), ((0.85, 0.15), 0.75))
"""Where the two hills of the potential are, in units of the sample's side, and how high."""
LOW, HIGH = (0x90, 0xCA, 0xF9), (0xFF, 0xCC, 0x80)
"""The colours of a site in a valley and on a hill: red, green and blue."""
GROUND = "#37474f"


def potential(x: float, y: float) -> float:
    """The height at a place of the sample, 0 to about 1."""
    return sum(height * math.exp(-((x - a) ** 2 + (y - b) ** 2) / 0.12) for (a, b), height in HILLS)


def sites(color) -> list[str]:
    """The circles of the lattice."""
    step = SIZE / (SITES + 0.5)
    circles = []
    for x in range(SITES):
        for y in range(SITES):
            height = min(1.0, potential(x / (SITES - 1), y / (SITES - 1)))
            radius = step * (0.22 + 0.25 * height)
            place = f'cx="{step * (x + 0.75):.2f}" cy="{step * (y + 0.75):.2f}" r="{radius:.2f}"'
            circles.append(f'<circle {place} fill="{color(height)}"/>')
    return circles


def between(height: float) -> str:
    """A colour between that of a valley and that of a hill."""
    return "#" + "".join(f"{round(low + (high - low) * height):02x}" for low, high in zip(LOW, HIGH))


def picture(*parts: str) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIZE} {SIZE}">\n' + "\n".join(parts) + "\n</svg>\n"


def main() -> None:
    ground = f'<rect width="{SIZE}" height="{SIZE}" rx="12" fill="{GROUND}"/>'
    (DOCS / "logo.svg").write_text(picture(*sites(lambda height: "#ffffff")))
    (DOCS / "favicon.svg").write_text(picture(ground, *sites(between)))


if __name__ == "__main__":
    main()
