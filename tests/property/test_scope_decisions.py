"""What a person grants is within the app's, the user's and the request's scopes, whatever they are.

Pure: https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
"""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from fhir_server.access.compartment import in_compartment
from fhir_server.access.context import AccessContext
from fhir_server.access.scope import reach
from fhir_server.fhir import definitions
from fhir_server.search.candidate import Candidate
from fhir_server.search.expression import Expression, Nothing
from fhir_server.search.indexed import Indexed, ReferenceValue, TokenValue
from fhir_server.search.labels import Purpose
from fhir_server.search.matches import matches
from fhir_server.search.parameters import parameters
from fhir_server.smart.granting import CONTEXT_SCOPES, keep, offer
from fhir_server.smart.roles import Role, ceiling
from fhir_server.smart.scopes import (
    Level,
    Scope,
    covers,
    format_scope,
    format_scopes,
    parse_scopes,
)
from tests.property.test_scopes import INTERACTIONS

R4 = definitions.load()
TYPES = frozenset(R4.resource_types)
BASE = "https://handoff.example/fhir"
WORDS = st.lists(
    st.one_of(
        st.sampled_from((*CONTEXT_SCOPES, "admin", "patient/Nonsense.rs", "system/*.rs", "user/")),
        st.builds(
            lambda level, type_, letters: f"{level}/{type_}.{letters}",
            st.sampled_from(("patient", "user", "system")),
            st.sampled_from(("*", "Patient", "Observation", "MeasureReport")),
            st.sampled_from(INTERACTIONS),
        ),
    ),
    max_size=6,
)
REGISTERED = st.lists(
    st.builds(
        Scope,
        level=st.sampled_from((Level.PATIENT, Level.USER)),
        type=st.sampled_from(("*", "Patient", "Observation", "MeasureReport")),
        interactions=st.sampled_from(INTERACTIONS),
    ),
    max_size=4,
).map(tuple)
SUBSETS = st.lists(st.sampled_from(CONTEXT_SCOPES), unique=True)


@given(WORDS, REGISTERED, SUBSETS, st.sampled_from(Role))
def test_an_offer_is_within_request_registration_and_role(
    words: list[str], registered: tuple[Scope, ...], context: list[str], role: Role
) -> None:
    offered = offer(" ".join(words), registered, context, role, TYPES)

    asked = parse_scopes(
        " ".join(
            word for word in words if word.split("/")[0] in {"patient", "user"} and "." in word
        )
    )
    for scope in offered.clinical:
        assert scope.level is not Level.SYSTEM
        for letter in scope.interactions:
            atom = replace(scope, interactions=letter)
            for bounds in (asked, registered, ceiling(role)):
                assert any(covers(wide, atom) for wide in bounds)
    assert set(offered.context) <= set(words) & set(context)


@given(WORDS, REGISTERED, st.sampled_from(Role), st.lists(st.text(max_size=30)))
def test_a_decision_never_adds(
    words: list[str], registered: tuple[Scope, ...], role: Role, sent: list[str]
) -> None:
    offered = offer(" ".join(words), registered, CONTEXT_SCOPES, role, TYPES)
    ticked = {*sent, *words, *map(format_scope, registered)}

    kept = keep(offered, ticked)

    assert set(kept.clinical) <= set(offered.clinical)
    assert set(kept.context) <= set(offered.context)


@given(WORDS, REGISTERED, st.sampled_from(Role))
def test_the_told_scope_is_the_granted_one(
    words: list[str], registered: tuple[Scope, ...], role: Role
) -> None:
    offered = offer(" ".join(words), registered, CONTEXT_SCOPES, role, TYPES)

    told = offered.scope.split()

    clinical = [word for word in told if word not in CONTEXT_SCOPES]
    assert parse_scopes(" ".join(clinical)) == offered.clinical
    assert format_scopes(offered.clinical) == " ".join(clinical)


OBSERVATION = parameters(R4, "Observation")
PEOPLE = ("ana", "ben")
STATUSES = ("final", "amended")


@st.composite
def candidates(draw: st.DrawFn) -> Candidate:
    codes = ("subject", "performer", "focus")
    referred = [
        ReferenceValue(param_id=OBSERVATION[code].param_id, type="Patient", id=person)
        for code in codes
        for person in draw(st.lists(st.sampled_from(PEOPLE), unique=True, max_size=2))
    ]
    status = TokenValue(
        param_id=OBSERVATION["status"].param_id,
        system="http://hl7.org/fhir/observation-status",
        code=draw(st.sampled_from(STATUSES)),
    )
    return Candidate(
        type="Observation",
        type_id=R4.type_id("Observation"),
        id="o",
        owner=1,
        custodian=2,
        labels=1,
        last_updated=0,
        indexed=Indexed(references=tuple(referred), tokens=(status,)),
    )


SCOPED = st.lists(
    st.builds(
        Scope,
        level=st.sampled_from(Level),
        type=st.sampled_from(("*", "Observation", "Patient")),
        interactions=st.sampled_from(INTERACTIONS),
        query=st.sampled_from(((), (("status", "final"),), (("nonsense", "1"),))),
    ),
    max_size=4,
).map(tuple)


@given(scopes=SCOPED, candidate=candidates(), letter=st.sampled_from("cruds"), person=st.booleans())
def test_the_reach_of_scopes_is_what_it_says(
    scopes: tuple[Scope, ...], candidate: Candidate, letter: str, *, person: bool
) -> None:
    context = AccessContext(
        client_id="app",
        organization=2,
        organization_id="clinic",
        actors=frozenset({2}),
        purpose=Purpose.TREAT,
        scopes=scopes,
        at=0,
        request_id="1",
        user_id="somebody" if person else "",
        launch_patient="ana" if person else "",
    )

    found = reach(context, "Observation", letter, R4, base=BASE)

    assert matches(found, candidate) == any(
        _allows(scope, candidate, letter, person=person) for scope in scopes
    )
    if found == Nothing():
        assert not any(_allows(scope, _best(), letter, person=person) for scope in scopes)


def _allows(scope: Scope, candidate: Candidate, letter: str, *, person: bool) -> bool:
    """Say what the specification says, without the code under test."""
    if (scope.level is Level.SYSTEM) == person:
        return False
    if scope.type not in {"*", "Observation"} or letter not in scope.interactions:
        return False
    if scope.query == (("nonsense", "1"),):
        return False
    final = {value.code for value in candidate.indexed.tokens} == {"final"}
    if scope.query and not final:
        return False
    compartment = {OBSERVATION["subject"].param_id, OBSERVATION["performer"].param_id}
    about_ana = any(
        value.id == "ana" and value.param_id in compartment
        for value in candidate.indexed.references
    )
    return scope.level is not Level.PATIENT or about_ana


def _best() -> Candidate:
    """Return what every scope reaches that reaches anything."""
    return Candidate(
        type="Observation",
        type_id=R4.type_id("Observation"),
        id="o",
        owner=1,
        custodian=2,
        labels=1,
        last_updated=0,
        indexed=Indexed(
            references=(
                ReferenceValue(param_id=OBSERVATION["subject"].param_id, type="Patient", id="ana"),
            ),
            tokens=(
                TokenValue(
                    param_id=OBSERVATION["status"].param_id,
                    system="http://hl7.org/fhir/observation-status",
                    code="final",
                ),
            ),
        ),
    )


@given(st.sampled_from(sorted(TYPES)))
def test_no_type_is_in_the_compartment_of_nobody(type_: str) -> None:
    expression: Expression = in_compartment(type_, "", R4)

    assert expression == Nothing()
