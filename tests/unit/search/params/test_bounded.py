"""Values longer than an index column."""

from fhir_server.search.params.bounded import LIMIT, beginning, equatable


def test_short_text_stays_as_it_is() -> None:
    assert equatable("a" * LIMIT) == "a" * LIMIT


def test_long_text_is_equal_only_to_itself() -> None:
    long = "a" * 5000

    assert len(equatable(long)) <= LIMIT
    assert equatable(long) == equatable("a" * 5000)
    assert equatable(long) != equatable("a" * 5001)


def test_stand_in_stands_for_itself() -> None:
    once = equatable("a" * 5000)

    assert equatable(once) == once


def test_beginning_is_a_prefix() -> None:
    assert ("b" * 5000).startswith(beginning("b" * 5000))
