"""HTML -> PDF with WeasyPrint, which needs Pango on the machine. Nothing is fetched while it works."""

from __future__ import annotations

import io
import logging

from irtool.errors import UsageError

_MISSING = "a PDF needs WeasyPrint, which is not installed"
_INSTALL = "pip install 'irtool[pdf]'"
_PANGO = "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0   (Debian and Ubuntu)"


def pdf(html: str) -> bytes:
    """The page on paper: numbered sheets, headings as bookmarks, its language, and tags for who listens (PDF/UA).

    The same page gives the same bytes. Raises UsageError if WeasyPrint or Pango is missing.
    """
    try:
        import weasyprint
    except ImportError:
        raise UsageError(f"{_MISSING}; nothing was written", hint=_INSTALL) from None
    except OSError as error:  # its native libraries
        raise UsageError(f"a PDF needs Pango: {str(error).splitlines()[0]}; nothing was written", hint=_PANGO) from None
    logging.getLogger("weasyprint").setLevel(logging.CRITICAL)
    nothing = weasyprint.URLFetcher(allowed_protocols=())
    document = weasyprint.HTML(string=html, url_fetcher=nothing, base_url=None)
    out = io.BytesIO()
    document.write_pdf(out, pdf_variant="pdf/ua-1", pdf_identifier=b"irtool")
    return out.getvalue()
