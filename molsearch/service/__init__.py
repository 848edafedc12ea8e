"""One request, run one way: under the command line, Python, the application and the server."""
