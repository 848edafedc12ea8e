"""Make-on-demand spaces, searched by their synthons without making every product."""
