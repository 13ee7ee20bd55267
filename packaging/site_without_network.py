"""For mkdocs: pages load nothing from elsewhere. mkdocs-jupyter adds a script for diagrams, which no tutorial has."""

import re

from mkdocs.exceptions import PluginError

_DIAGRAMS = re.compile(r'<script type="module">(?:(?!</script>).)*mermaid(?:(?!</script>).)*</script>', re.DOTALL)
_LOADED = re.compile(
    r'<(?:script|img|link)\b[^>]*(?:src|href)="?(?:https?:)?//|import\("?https?:|url\("?(?:https?:)?//'
)


def on_post_page(output, page, config):
    """The page without that script; anything else that a browser would fetch from elsewhere is an error."""
    output = _DIAGRAMS.sub("", output)
    found = _LOADED.search(output)
    if found is not None:
        around = output[found.start() : found.end() + 80]
        raise PluginError(f"{page.file.src_uri} loads something from elsewhere: {around}")
    return output
