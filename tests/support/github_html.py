"""Markdown as GitHub renders it (cmark-gfm), and what of the HTML could act: tags, links, text outside of code."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import cmarkgfm
from cmarkgfm.cmark import Options

# What GitHub's own filters look for in text that stands in no code:
# docs.github.com "Autolinked references and URLs", "Mentioning people and teams", "Using emoji", "Writing
# mathematical expressions", "Linking a pull request to an issue"
GITHUB_LINKS = re.compile(
    r"@[A-Za-z0-9]|#\d|\bGH-\d|\b[0-9a-f]{7,40}\b|https?:|www\.|[\w.]+@\w+\.\w|:[a-z0-9_+-]+:|\$\$|\w+/\w[\w.-]*[#@]",
    re.IGNORECASE,
)


@dataclass
class Rendered(HTMLParser):
    """The tags of a page in order (code apart), where its links lead, and the text that stands in no code."""

    html: str
    tags: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self._in_code = 0
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "code":
            self._in_code += 1
            return
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_endtag(self, tag: str) -> None:
        if tag == "code":
            self._in_code -= 1
        else:
            self.tags.append(f"/{tag}")

    def handle_comment(self, data: str) -> None:
        self.tags.append("comment")

    def handle_data(self, data: str) -> None:
        self.text += " " if self._in_code else data


def render(markdown: str) -> Rendered:
    """Raw HTML is kept, so that any that slips through is seen; what GitHub's sanitizer removes is no excuse."""
    options = Options.CMARK_OPT_UNSAFE
    return Rendered(cmarkgfm.github_flavored_markdown_to_html(markdown, options=options))
