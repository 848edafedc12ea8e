"""The command line: one file a verb; nothing heavy is imported before it is needed."""
