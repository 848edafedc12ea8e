"""What result files say: summaries, as a page, as Markdown, as plots."""
