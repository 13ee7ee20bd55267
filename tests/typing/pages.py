"""The blocks of Python in the README and the pages of the docs, as scripts for the type checker: `build/pages/*.py`.

`make lint` runs this before it looks at types. Every page is one script, in the order of its blocks.
"""

import pathlib
import re

ROOT = pathlib.Path(__file__).parents[2]
SCRIPTS = ROOT / "build" / "pages"
BLOCK = re.compile(r"^```python[ ]*\n(.*?)^```", flags=re.DOTALL | re.MULTILINE)
HEAD = "# pyright: standard, reportUnusedExpression=false\n"  # a page may show a value by naming it, as a notebook does


def main() -> None:
    SCRIPTS.mkdir(parents=True, exist_ok=True)
    for old in SCRIPTS.glob("*.py"):
        old.unlink()
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
        if blocks:
            (SCRIPTS / f"{page.stem.lower()}.py").write_text(HEAD + "\n".join(blocks), encoding="utf-8")


if __name__ == "__main__":
    main()
