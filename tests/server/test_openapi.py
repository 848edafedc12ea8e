"""Whatever a client makes up, a running server answers as its own description says."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

ROUTES = [
    "GET /healthz", "GET /metrics", "GET /v1/libraries", "POST /v1/encode", "POST /v1/screen",
    "POST /v1/explain", "GET /v1/jobs", "GET /v1/jobs/{job_id}", "DELETE /v1/jobs/{job_id}",
    "GET /v1/jobs/{job_id}/events", "GET /v1/jobs/{job_id}/hits",
]  # fmt: skip
BOUNDED = settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def operations(address):
    described = schemathesis.openapi.from_url(f"{address}/openapi.json")
    found = [one.ok() for one in described.get_all_operations()]
    return {f"{one.method.upper()} {one.path}": one for one in found}


def test_no_route_is_left_out(operations):
    assert {*operations} == {*ROUTES}


@pytest.mark.parametrize("route", ROUTES)
def test_every_route_answers_as_described(operations, route):
    """Status, kind of content and shape are those of the description; never a server error."""

    @BOUNDED
    @given(case=operations[route].as_strategy())
    def check(case):
        # What a structure, a name or a limit is, no description says: a refusal is an answer.
        answer = case.call_and_validate(timeout=60, excluded_checks=[positive_data_acceptance])
        assert b"Traceback" not in answer.content

    check()
