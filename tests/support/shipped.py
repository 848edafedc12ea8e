"""What of the tree an installation is built from."""

from __future__ import annotations

# Without molsearch_app, the link: a checkout that has no links can be built.
FOLDERS = ("molsearch", "app", "datasets", "results")
FILES = ("pyproject.toml", "setup.py", "README.md", "LICENSE")
