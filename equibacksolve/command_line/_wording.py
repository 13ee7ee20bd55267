"""Sentences of the package in the words of the command line: `--skip 2` for `skip=2`."""

import re
from collections.abc import Mapping

import click


def in_options(told: str, options: Mapping[str, str]) -> str:
    """A sentence with options in place of the arguments that they are handed on as, by the name of the argument.

    `skip=2` and `cell_area='1 nm^2'` become `--skip 2` and `--cell-area '1 nm^2'`; `skip=` and `resume=True` become
    `--skip` and `--resume`. Names of two words are options wherever they stand; others are words of the language, too.
    """
    told = re.sub(r"\bunits=\{'([^']*)': ([^}]*)\}", r"--unit \1=\2", told)
    named = r"(?<!--unit )\b"  # a column may be called as an option is
    of = lambda names: "|".join(map(re.escape, names))
    option = lambda found: options[found[1]]
    told = re.sub(rf"{named}({of(options)})=(?=['\d])", lambda found: f"{option(found)} ", told)
    told = re.sub(rf"{named}({of(options)})=(?:True\b|(?=[\s,.;)]|$))", option, told)
    two_words = [name for name in options if "_" in name]
    return re.sub(rf"\b({of(two_words)})\b(?!=)", option, told) if two_words else told


def in_options_of(told: str, command: click.Command) -> str:
    """The same, with all options of a command; and a prior and a key by the options that stand for them."""
    options = {one.name: one.opts[-1] for one in command.params if isinstance(one, click.Option)}
    if "units" in options:
        options |= {"value_unit": options["units"]}
    if "smooth" in options:
        options |= {"prior": "prior (--smooth, --edges, --mean)"}
    if "seed" in options:
        told = told.replace("another key", "another --seed")
    return in_options(told, options)
