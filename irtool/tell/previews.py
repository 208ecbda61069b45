"""Notices as a browser shows them before they are sent: headers, page and text side by side, nothing fetched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from irtool.tell import clean, mail

_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --line: #d0d7de; --band: #f6f8fa; --ink: #1c2128; --back: #fff; }}
@media (prefers-color-scheme: dark) {{ :root {{ --line: #3a424d; --band: #1c2229; --ink: #e6e9ee; --back: #14181d; }} }}
body {{ margin: 0 auto; max-width: 84rem; padding: 1.25rem; background: var(--back); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }}
table {{ border-collapse: collapse; width: 100%; margin: 0 0 1rem; }}
th, td {{ text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid var(--line); }}
th {{ width: 9rem; background: var(--band); }}
.both {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 1rem; }}
iframe, pre {{ box-sizing: border-box; width: 100%; border: 1px solid var(--line); border-radius: 6px; margin: 0; }}
iframe {{ height: 75vh; background: var(--back); }}
pre {{ padding: 1rem; white-space: pre-wrap; font: .875rem/1.5 ui-monospace, monospace; height: 75vh; overflow: auto; }}
a {{ color: inherit; }} h1 {{ font-size: 1.3rem; }} h2 {{ font-size: 1rem; margin: 0 0 .4rem; }}
</style>
</head>
<body>
"""
_FOOT = "</body>\n</html>\n"


@dataclass(frozen=True, slots=True)
class Shown:
    """One notice in the list: the customer, their name, what became of it, and the name of its page."""

    customer: str
    name: str
    state: str
    file: str


def sheet(message: str) -> str:
    """One message: its headers, the page as the customer sees it (locked in a frame), and the text."""
    rows = "".join(
        f'<tr><th scope="row">{clean.html(name)}</th><td>{clean.html(value)}</td></tr>\n'
        for name, value in mail.headers(message)
    )
    subject = next((value for name, value in mail.headers(message) if name == "Subject"), "")
    page = mail.part(message, "html")
    text = "\n".join(clean.html(line) for line in mail.part(message, "plain").splitlines())
    framed = page.replace("&", "&amp;").replace('"', "&quot;")
    frame = f'<iframe sandbox="" title="HTML" srcdoc="{framed}"></iframe>' if page else "<p>-</p>"
    return (
        f"{_HEAD.format(title=clean.html(subject))}<h1>{clean.html(subject)}</h1>\n<table>\n{rows}</table>\n"
        f'<div class="both">\n<section>\n<h2>HTML</h2>\n{frame}\n</section>\n'
        f"<section>\n<h2>text/plain</h2>\n<pre>{text}</pre>\n</section>\n</div>\n{_FOOT}"
    )


def index(incident: str, shown: Sequence[Shown]) -> str:
    """The list of all notices of an incident, each leading to its sheet."""
    rows = "".join(
        f'<tr><td><a href="{clean.html(one.file)}">{clean.html(one.customer)}</a></td>'
        f"<td>{clean.html(one.name)}</td><td>{clean.html(one.state)}</td></tr>\n"
        for one in shown
    )
    head = _HEAD.format(title=clean.html(incident))
    return f"{head}<h1>{clean.html(incident)}: {len(shown)}</h1>\n<table>\n{rows}</table>\n{_FOOT}"
