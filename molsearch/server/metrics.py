"""Figures for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from molsearch.server.answers import Answers
from molsearch.server.jobs import Jobs
from molsearch.server.work import Desk

CONTENT = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """What is counted of a server."""

    def __init__(self, desk: Desk, jobs: Jobs, answers: Answers) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "molsearch_requests", "Requests answered.", ["route", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            "molsearch_request_seconds", "Seconds to an answer.", ["route"], buckets=_BUCKETS,
            registry=self._registry,
        )  # fmt: skip
        for name, text, value in (
            ("molsearch_waiting", "Requests that wait or are computed.", lambda: desk.n_waiting),
            ("molsearch_jobs_open", "Jobs that wait or run.", lambda: jobs.n_open),
            ("molsearch_answer_bytes", "Answers kept.", lambda: answers.n_bytes),
            ("molsearch_answers_found", "Screens answered by another.", lambda: answers.n_found),
            ("molsearch_kept_bytes", "Encoders and indexes kept open.", lambda: desk.n_bytes),
        ):
            Gauge(name, text, registry=self._registry).set_function(value)

    def count(self, route: str, status: int, seconds: float) -> None:
        """Count an answer; `route` is a pattern, so that labels stay few."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """Write everything in Prometheus' text format."""
        return generate_latest(self._registry)
