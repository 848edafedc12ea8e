"""Reading and pressing what an AppTest shows."""

from __future__ import annotations


def said(at) -> str:
    """Everything that a page says, in one string."""
    kinds = ("html", "markdown", "caption", "error", "warning", "info", "success", "title", "code")
    return "\n".join(
        str(getattr(one, "value", None) or one.proto) for kind in kinds for one in at.get(kind)
    )


def button(at, key):
    """The button of a key."""
    return next(one for one in at.button if one.key == key)


def upload(at, key, name, text):
    """Give a file to an uploader, and run."""
    at.file_uploader(key=key).upload(name, text.encode(), "text/csv").run()
    assert not at.exception
