"""For mkdocs: links of tutorials to pages (`../data.md`), which nobody else turns into those of the site."""

import posixpath
import re

from mkdocs.exceptions import PluginError


def on_page_content(html, page, config, files):
    """Each link as the site has it; one that leads nowhere is an error."""
    here = page.file.src_uri
    if not here.startswith("tutorials/"):
        return html

    def as_the_site_has_it(link):
        path = posixpath.normpath(posixpath.join(posixpath.dirname(here), link["path"]))
        found = files.get_file_from_path(path)
        if found is None:
            raise PluginError(f"{here} links to {link['path']}, which is no page")
        return f'href="{found.url_relative_to(page.file)}"'

    return re.sub(r'href="(?P<path>[^":#]+\.(?:md|py))"', as_the_site_has_it, html)
