"""Indicators for machines: CSV, STIX 2.1, MISP, block lists. They leave as they are; `--defang` is for readers."""

from __future__ import annotations

from irtool.errors import UsageError
from irtool.tell.exports.blocklist import STYLES, blocklist
from irtool.tell.exports.envelope import Envelope, envelope
from irtool.tell.exports.indicators import KINDS, Indicator, Rules, Shared, shared
from irtool.tell.exports.misp import event
from irtool.tell.exports.sheet import sheet
from irtool.tell.exports.stix import bundle

__all__ = ["FORMATS", "KINDS", "STYLES", "Envelope", "Indicator", "Rules", "Shared", "envelope", "export", "shared"]

FORMATS = ("csv", "stix", "misp", "blocklist")


def export(
    found: Shared, about: Envelope, format_: str, *, kind: str = "", style: str = "plain", defang: bool = False
) -> str:
    """The indicators in one of FORMATS; of one `kind` only, if given, which a block list needs.

    Raises UsageError for what there is not.
    """
    if format_ not in FORMATS:
        raise UsageError(f"--format {format_}: there is {', '.join(FORMATS)}", hint="irtool indicators --format csv")
    if kind and kind not in KINDS:
        raise UsageError(f"--type {kind}: there is {', '.join(KINDS)}", hint="irtool indicators --type domain")
    if defang and format_ in {"stix", "misp"}:
        raise UsageError(
            f"{format_} is read by machines, and defanged it says nothing", hint="irtool indicators --defang"
        )
    chosen = tuple(one for one in found.indicators if kind in {"", one.kind})
    if format_ == "blocklist":
        return blocklist(chosen, about, kind, style, defang=defang)
    if format_ == "csv":
        return sheet(chosen, about, defang=defang)
    return bundle(chosen, about) if format_ == "stix" else event(chosen, about)
