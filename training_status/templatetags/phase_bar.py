"""The segment widths of the phase bar, for pages rendered without a script."""

from django import template
from django.template import Context
from django.utils.html import format_html
from django.utils.safestring import SafeString

from training_status.phases import PHASES

register = template.Library()

_COLUMNS = " ".join(f"{phase.share:g}fr" for phase in PHASES)


@register.simple_tag(takes_context=True)
def phase_bar_style(context: Context) -> SafeString:
    """A style element with the nonce of the Content-Security-Policy."""
    return format_html(
        '<style nonce="{}">.phase-bar {{ grid-template-columns: {}; }}</style>', context["request"].csp_nonce, _COLUMNS
    )
