"""What holds of every search value: dates, texts, codes, references."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from fhir_server.search.expression import Comparison, RefersTo, StringStarts, TokenIs
from fhir_server.search.parameter import Parameter, SearchType
from fhir_server.search.params import number, reference, string, token
from fhir_server.search.params.bounded import LIMIT, equatable
from fhir_server.search.params.date import Value, compares
from fhir_server.search.params.escaping import escape, split, unescape

PARAMETER = Parameter(
    base="Observation",
    code="subject",
    param_id=1,
    type=SearchType.REFERENCE,
    url="http://hl7.org/fhir/SearchParameter/x",
    expression="Observation.subject",
    targets=("Group", "Patient"),
)
HERE = reference.Here(base="http://here/fhir", types=frozenset({"Patient", "Group"}))
TEXT = st.text(st.characters(codec="utf-8"))
SPECIAL = st.text(st.sampled_from("\\,|$ab "))
IDS = st.text(st.sampled_from("abcXYZ019-."), min_size=1, max_size=64)


@st.composite
def intervals(draw: st.DrawFn) -> Value:
    lo = draw(st.integers(-6, 6))
    return lo, lo + draw(st.integers(1, 6))


@given(intervals(), intervals())
def test_laws_of_the_prefixes(value: Value, query: Value) -> None:
    holds = {prefix: compares(prefix, value, query) for prefix in Comparison}

    assert holds[Comparison.NE] is not holds[Comparison.EQ]
    assert holds[Comparison.GE] == (holds[Comparison.GT] or holds[Comparison.EQ])
    assert holds[Comparison.LE] == (holds[Comparison.LT] or holds[Comparison.EQ])
    # Before, after, or overlapping: exactly one of the three.
    three = (holds[Comparison.EB], holds[Comparison.SA], holds[Comparison.AP])
    assert sum(three) == 1
    assert holds[Comparison.GT] or not holds[Comparison.SA]
    assert holds[Comparison.LT] or not holds[Comparison.EB]
    assert holds[Comparison.AP] or not holds[Comparison.EQ]
    assert holds[Comparison.EQ] is not (holds[Comparison.GT] or holds[Comparison.LT])


@given(intervals(), intervals())
def test_prefixes_mirror_in_time(value: Value, query: Value) -> None:
    mirror = {
        Comparison.GT: Comparison.LT,
        Comparison.GE: Comparison.LE,
        Comparison.SA: Comparison.EB,
        Comparison.EQ: Comparison.EQ,
        Comparison.AP: Comparison.AP,
    }

    for prefix, mirrored in mirror.items():
        backwards = compares(mirrored, (-value[1], -value[0]), (-query[1], -query[0]))
        assert compares(prefix, value, query) == backwards


@given(st.lists(TEXT | SPECIAL, min_size=1), st.sampled_from(",|$"))
def test_escaped_parts_come_back(parts: list[str], separator: str) -> None:
    written = separator.join(escape(part) for part in parts)

    assert [unescape(part) for part in split(written, separator)] == parts


@given(TEXT)
def test_normal_form_is_final(text: str) -> None:
    normal = string.normalise(text)

    assert string.normalise(normal) == normal
    assert string.normalise(f"  {text}\t") == normal


@given(TEXT, st.integers(0, 300))
def test_text_is_found_by_each_beginning_of_it(text: str, length: int) -> None:
    start = text[:length]
    for normal, exact in string.values()["string"](text):
        assert max(len(normal), len(exact)) <= LIMIT
        if string.normalise(start):
            asked = string.expression(PARAMETER, "", escape(start))
            assert isinstance(asked, StringStarts)
            assert normal.startswith(asked.prefix)


@given(TEXT, TEXT)
def test_code_is_found_by_its_own_pair(system: str, code: str) -> None:
    found = list(token.values({})["Identifier"]({"system": system, "value": code or "x"}))

    asked = token.expression(PARAMETER, f"{escape(system)}|{escape(code or 'x')}")

    assert isinstance(asked, TokenIs)
    assert found == [(asked.system, asked.code)]


@given(TEXT, TEXT)
def test_bounded_texts_are_equal_where_the_texts_are(one: str, other: str) -> None:
    one, other = one * 50, other * 50

    assert (equatable(one) == equatable(other)) is (one == other)
    assert len(equatable(one)) <= LIMIT


@given(IDS, st.sampled_from(["Patient", "Group"]), st.booleans(), st.booleans())
def test_reference_is_found_however_it_is_written(
    logical_id: str,
    type_name: str,
    absolute: bool,  # noqa: FBT001 - drawn
    versioned: bool,  # noqa: FBT001 - drawn
) -> None:
    written = f"{HERE.base}/" * absolute + f"{type_name}/{logical_id}" + "/_history/1" * versioned
    (found,) = reference.values(HERE)["Reference"]({"reference": written})

    asked = reference.expression(PARAMETER, f"{type_name}/{logical_id}", HERE, None)

    assert isinstance(asked, RefersTo)
    assert found == (asked.type, asked.id, asked.url)
    assert asked == reference.expression(PARAMETER, written, HERE, None)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9))
def test_number_lies_in_the_range_of_its_digits(written: Decimal) -> None:
    lo, hi = number.implicit_range(written)

    assert lo <= float(written) <= hi
