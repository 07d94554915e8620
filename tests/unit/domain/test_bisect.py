"""The search for the first bad place."""

from hypothesis import given
from hypothesis import strategies as st

from llmops_cli.domain.bisect import Health, first_bad, most_steps


@given(st.integers(1, 400), st.data())
def test_it_finds_the_place_and_asks_no_more_than_it_says(places: int, data: st.DataObject) -> None:
    bad_from = data.draw(st.integers(1, places))
    asked: list[int] = []

    def health(place: int) -> Health:
        asked.append(place)
        return Health.BAD if place >= bad_from else Health.GOOD

    assert list(first_bad(places, health)) == [bad_from]
    assert len(asked) <= most_steps(places - 1)
    assert len(set(asked)) == len(asked)
    assert all(0 < place < places for place in asked)


@given(st.integers(1, 60), st.data())
def test_with_places_that_cannot_be_judged_the_bad_one_is_among_the_answer(
    places: int, data: st.DataObject
) -> None:
    bad_from = data.draw(st.integers(1, places))
    unjudged = data.draw(st.sets(st.integers(1, max(1, places - 1))))

    def health(place: int) -> Health:
        if place in unjudged:
            return Health.UNJUDGED
        return Health.BAD if place >= bad_from else Health.GOOD

    found = list(first_bad(places, health))

    assert bad_from in found
    assert all(place in unjudged for place in found[:-1])
    neighbours = {bad_from - 1, bad_from} & unjudged - {places}
    assert (len(found) > 1) == bool(neighbours)
