"""The widths of the phase bar's parts, for pages that are not drawn by a script."""

from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

from training_status.phases import PHASES

register = template.Library()

_COLUMNS = " ".join(f"{phase.share:g}fr" for phase in PHASES)


@register.simple_tag(takes_context=True)
def phase_bar_style(context: Context) -> SafeString:
    """A style element, which the page's Content-Security-Policy allows by its nonce."""
    return format_html(
        '<style nonce="{}">.phase-bar {{ grid-template-columns: {}; }}</style>', context["request"].csp_nonce, _COLUMNS
    )
