"""For mkdocs: formulae between dollars become MathML, which browsers typeset by themselves: no script, no fonts."""

import html
import re

from latex2mathml.converter import convert

_FORMULA = re.compile(r'<(span|div) class="arithmatex">\\[(\[](?P<latex>.*?)\\[)\]]</\1>', re.DOTALL)


def on_page_content(page_html, page, config, files):
    """Each formula that arithmatex marked; a line of its own is displayed."""

    def typeset(found):
        return convert(html.unescape(found["latex"]), display="block" if found[1] == "div" else "inline")

    return _FORMULA.sub(typeset, page_html)
