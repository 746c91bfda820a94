"""A page's module, with all that it imports, and those that it may import later."""

import posixpath

from django import template
from django.contrib.staticfiles.storage import staticfiles_storage
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from aegis_training.static_files.module_graph import imported_modules

register = template.Library()


@register.simple_tag
def module_script(module: str) -> SafeString:
    """A script element, and a link for each module that it imports, so that the browser loads them all at once."""
    preloads = format_html_join(
        "\n  ", '<link rel="modulepreload" href="{}">', ([url] for url in imported_modules(module))
    )
    script = format_html('<script type="module" src="{}"></script>', staticfiles_storage.url(module))
    return format_html("{}\n  {}", script, preloads)


@register.simple_tag
def later_modules(module: str, page: str) -> str:
    """The addresses of a module that the module of a page imports later, and of all that the page has not by then.

    A script preloads them together, as it would otherwise find them one import after the other. Those after the first
    are relative to it, because every page sends them.
    """
    first = staticfiles_storage.url(module)
    known = {first, *imported_modules(page)}
    others = [address for address in imported_modules(module) if address not in known]
    return " ".join((first, *(posixpath.relpath(address, posixpath.dirname(first)) for address in others)))
