"""What pages are made of: plain functions first, widgets on top."""
