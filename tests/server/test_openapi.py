"""Whatever a client makes up, a running server answers as its own description says."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings

BOUNDED = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def described(address):
    return schemathesis.openapi.from_url(f"{address}/openapi.json")


schema = schemathesis.pytest.from_fixture("described")


@pytest.mark.slow
@pytest.mark.timeout(280)
@schema.parametrize()
@BOUNDED
def test_every_route_answers_as_described(case):
    """Status, kind of content and shape are those of the description; never a server error."""
    answer = case.call_and_validate(timeout=60)
    assert b"Traceback" not in answer.content
    assert b"/work" not in answer.content
