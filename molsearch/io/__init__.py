"""Files: the only room that writes them."""
