"""One hit as people see it, on a terminal, on a page and in the application."""
