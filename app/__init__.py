"""The web application: pages over the command line's jobs; it holds no science of its own."""
