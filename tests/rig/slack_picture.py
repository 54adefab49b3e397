"""`python -m tests.rig.slack_picture OUT.png`: a picture of a Slack message, drawn from its payload by Chromium.

Not by Slack. It knows the blocks and the markup that `workers/notify/receivers/slack.py` uses, and fails on any other.
"""

from __future__ import annotations

import html
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from workers.notify.receivers import slack
from workers.notify.sample import sample_alert

WIDTH, HEIGHT = 760, 360

_STYLE = """
body { margin: 0; padding: 18px 22px; font: 15px/1.47 Lato, "Helvetica Neue", "Liberation Sans", "Noto Color Emoji",
       sans-serif; color: #1d1c1d; background: #fff }
.head { display: flex; gap: 10px } .icon { width: 36px; height: 36px; border-radius: 6px; background: #23395d;
       color: #fff; font-weight: 700; text-align: center; line-height: 36px } .name { font-weight: 900 }
.app { font-size: 10px; background: #ddd; border-radius: 3px; padding: 1px 4px; color: #616061; vertical-align: 2px }
.time { font-size: 12px; color: #616061 } h1 { font-size: 18px; margin: 6px 0 } .section { margin: 8px 0 }
blockquote { margin: 4px 0; padding-left: 12px; border-left: 4px solid #ddd }
a { color: #1264a3; text-decoration: none }
.context { font-size: 13px; color: #616061; margin-top: 8px }
"""
_LINK = re.compile(r"&lt;(https?://[^|]+?)\|(.+?)&gt;")
_BOLD = re.compile(r"\*([^*\n]+)\*")


def as_page(message: Mapping[str, Any]) -> str:
    """The message as an HTML page."""
    blocks = "".join(_block(block) for block in message["blocks"])
    return (
        f'<!doctype html><meta charset="utf-8"><style>{_STYLE}</style><div class="head"><div class="icon">T</div><div>'
        '<span class="name">Tocsin</span> <span class="app">APP</span> <span class="time">7:03</span>'
        f"{blocks}</div></div>"
    )


def _block(block: Mapping[str, Any]) -> str:
    match block["type"]:
        case "header":
            return f"<h1>{html.escape(block['text']['text'])}</h1>"
        case "section":
            return f'<div class="section">{_mrkdwn(block["text"]["text"])}</div>'
        case "context":
            return "".join(f'<div class="context">{_mrkdwn(one["text"])}</div>' for one in block["elements"])
    raise ValueError(f"no picture of a block of type {block['type']}")


def _mrkdwn(text: str) -> str:
    """Slack escapes & < > only; so the text is first what its reader sees, and then escaped as a whole."""
    lines = []
    for line in text.split("\n"):
        quoted = line.startswith("> ")
        shown = html.escape(line.removeprefix("> "), quote=False)
        shown = shown.replace("&amp;amp;", "&amp;").replace("&amp;lt;", "&lt;").replace("&amp;gt;", "&gt;")
        shown = _LINK.sub(r'<a href="\1">\2</a>', shown)
        shown = _BOLD.sub(r"<b>\1</b>", shown)
        lines.append(f"<blockquote>{shown}</blockquote>" if quoted else f"{shown}<br>")
    return "".join(lines).removesuffix("<br>")


def draw(page: str, out: Path) -> None:
    """A screenshot. Raises CalledProcessError or FileNotFoundError without a working Chromium."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "message.html"
        source.write_text(page, "utf-8")
        options = ["--headless", "--no-sandbox", "--hide-scrollbars", "--force-device-scale-factor=1.5"]
        size = [f"--window-size={WIDTH},{HEIGHT}", f"--user-data-dir={folder}/profile"]
        command = ["chromium", *options, *size, f"--screenshot={out.resolve()}", source.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=60)


if __name__ == "__main__":
    moment = datetime(2026, 3, 1, 7, 3, tzinfo=UTC)
    draw(as_page(slack.render(sample_alert(moment))), Path(sys.argv[1]))
