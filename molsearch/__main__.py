"""``python -m molsearch``."""

from molsearch.cli.main import main

main()
