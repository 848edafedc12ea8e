"""The service over HTTP: libraries, encode, screen and jobs, for other programs."""
