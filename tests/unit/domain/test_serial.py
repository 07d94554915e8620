import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.domain.request import Response, ToolCall, Usage
from llmops_cli.domain.serial import response_from_dict, response_to_dict

_numbers = st.floats(min_value=0, max_value=1e6, allow_nan=False)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | _numbers | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_responses = st.builds(
    Response,
    text=st.text(),
    tool_calls=st.lists(st.builds(ToolCall, st.text(), _json), max_size=3).map(tuple),
    usage=st.none() | st.builds(Usage, st.integers(0, 10**6), st.integers(0, 10**6)),
    latency=st.none() | _numbers,
    first_token=st.none() | _numbers,
    cost=st.none() | _numbers,
    served_model=st.none() | st.text(),
    finish_reason=st.none() | st.text(),
    attempts=st.integers(1, 9),
)


@given(_responses)
def test_a_response_survives_json(response: Response) -> None:
    assert response_from_dict(json.loads(json.dumps(response_to_dict(response)))) == response


def test_what_is_unknown_is_left_out_and_a_cost_of_nought_is_kept() -> None:
    assert response_to_dict(Response("hi", cost=0.0)) == {"text": "hi", "cost": 0.0}


@pytest.mark.parametrize("data", [{}, {"text": 3}, {"text": "x", "tool_calls": [{"arguments": 1}]}])
def test_what_is_no_response_is_refused(data: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        response_from_dict(data)
