"""Names of sources that are no files."""

STDIN = "-"
