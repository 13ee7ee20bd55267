"""Pieces of a page of HTML. Text is escaped here and nowhere else; pictures lie inside the file."""

import base64
import html
import io
import pathlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from matplotlib.figure import Figure

BODY = """
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem; font: 15px/1.5 system-ui, sans-serif; color: #222; }
@media print { body { max-width: none; margin: 0; } }
"""

STYLE = """
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; border-bottom: 1px solid #ccc; margin-top: 2.2rem; }
table { border-collapse: collapse; margin: .6rem 0; } td, th { padding: .15rem .9rem .15rem 0; text-align: left; }
td, th { border-bottom: 1px solid #eee; vertical-align: top; font-variant-numeric: tabular-nums; }
img { max-width: 100%; height: auto; } .verdict { color: #222; padding: .6rem .9rem; border-left: .35rem solid; }
.good { background: #eef6ee; border-color: #3a7d44; } .bad { background: #fbeeee; border-color: #a33; }
@media print { h2 { break-after: avoid; } img { break-inside: avoid; } }
"""

DOTS = 110
"""Dots per inch of the pictures."""


class Page(NamedTuple):
    """A title, and sections of HTML below it. A notebook shows them; `write` makes a file."""

    title: str
    sections: tuple[str, ...]

    def __repr__(self) -> str:
        return f"<Page {self.title!r}, {len(self.sections)} sections; write it by page.write('report.html')>"

    def _repr_html_(self) -> str:
        """For notebooks: with the same look, which the rest of the notebook keeps out of."""
        name = "equibacksolve-report"
        return f'<style>.{name} {{ {STYLE} }}</style>\n<div class="{name}">\n{self._body()}\n</div>'

    def write(self, path: str | pathlib.Path) -> pathlib.Path:
        """Write a whole page, without scripts, and with nothing that is fetched from elsewhere. Returns its path."""
        path, title = pathlib.Path(path), html.escape(self.title)
        head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f'<!doctype html>\n<html lang="en"><head>{head}<style>{BODY}{STYLE}</style></head>\n'
            f"<body>\n{self._body()}\n</body></html>\n",
            encoding="utf-8",
        )
        return path

    def _body(self) -> str:
        return "\n".join([f"<h1>{html.escape(self.title)}</h1>", *self.sections])


def section(title: str, *parts: str) -> str:
    """A heading and what belongs to it."""
    return "\n".join([f"<section><h2>{html.escape(title)}</h2>", *parts, "</section>"])


def paragraph(text: str) -> str:
    """Plain text."""
    return f"<p>{html.escape(text)}</p>"


def verdict(text: str, good: bool) -> str:
    """The sentence for which people open the page."""
    return f'<p class="verdict {"good" if good else "bad"}">{html.escape(text)}</p>'


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A table; cells are escaped."""
    cells = lambda tag, row: "".join(f"<{tag}>{html.escape(str(cell))}</{tag}>" for cell in row)
    head = f"<thead><tr>{cells('th', header)}</tr></thead>" if header else ""
    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f"<table>{head}<tbody>{body}</tbody></table>"


def picture(figure: Figure, about: str) -> str:
    """A figure, as a PNG inside the page; `about` says in words what it shows."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=DOTS)
    coded = base64.b64encode(file.getvalue()).decode()
    return f'<p><img alt="{html.escape(about)}" src="data:image/png;base64,{coded}"></p>'
