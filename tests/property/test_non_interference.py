"""Lock 4 of the gate: no answer depends on data that its reader may not see.

Two worlds that differ only in what others hold answer every request on every route byte for byte
alike: totals, pages, sort, includes, history, errors, headers, writes. A route that nobody asks
here, and that is not on the short public list, fails the test (SECURITY.md says what is promised).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fhir_server.fhir import crisis
from fhir_server.fhir.resource import Json, Resource
from tests.databases import Postgres, Sqlite
from tests.gate import Caller, consent, episode, observation, patient, reference
from tests.intake_messages import crisis_encounter
from tests.interference import (
    APP,
    ASKING,
    CLINIC,
    ED,
    HEALTH,
    HIDING,
    ICD,
    LAUNCH_PATIENTS,
    SECOND,
    SSN,
    VIEWERS,
    Answer,
    Ask,
    Viewer,
    World,
    a_crisis,
    world,
    write_base,
)

LOGIN_STEPS = ("", "/password", "/code", "/enrol")
# Routes that anybody may ask without a token, and pages that know of no patient.
PUBLIC = {
    ("GET", "/fhir/.well-known/smart-configuration"),
    ("GET", "/fhir/.well-known/openid-configuration"),
    ("GET", "/.well-known/openid-configuration"),
    ("GET", "/.well-known/oauth-authorization-server"),
    ("GET", "/oauth/jwks"),
    ("GET", "/oauth/authorize"),
    ("POST", "/oauth/authorize"),
    ("POST", "/oauth/token"),
    ("POST", "/oauth/introspect"),
    ("POST", "/oauth/revoke"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "metadata"),
    ("GET", "/static/<path:filename>"),
    ("GET", "/"),
    ("POST", "/logout"),
    ("POST", "/account/role"),
    ("GET", "/account"),
    *((method, f"/login{step}") for method in ("GET", "POST") for step in LOGIN_STEPS),
    *((method, f"/admin/{page}") for method in ("GET", "POST") for page in ("users", "keys")),
    ("GET", "/admin/clients"),
    ("GET", "/admin/agencies"),
    ("POST", "/admin/users/<account_id>/<action>"),
    ("POST", "/admin/clients/<client_id>/revoke"),
}

Write = Callable[[World], None]


@dataclass(frozen=True, slots=True)
class Hidden:
    """One thing that others write. `from_ed`: an emergency department may not see it either."""

    name: str
    write: Write
    from_ed: bool = True


def by(agency: str, *resources: Resource) -> Write:
    def write(found: World) -> None:
        caller = found.caller(agency)
        for resource in resources:
            caller.put(resource)

    return write


def deleted(agency: str, resource: Resource) -> Write:
    def write(found: World) -> None:
        caller = found.caller(agency)
        caller.put(resource)
        caller.remove(resource["resourceType"], resource["id"])

    return write


def coded(person: str, code: str, **elements: Json) -> Resource:
    return observation(person, code={"coding": [{"system": ICD, "code": code}]}, **elements)


def anonymous() -> Resource:
    profile = crisis.profile("crisis-anonymous-contact")
    contact = a_crisis("nobody", "hidden-contact", "2026-02-02")
    del contact["subject"]
    number = {"system": crisis.IDENTIFIER_TYPE_SYSTEM, "code": "encounter"}
    source = {
        "url": crisis.DISPATCH_SOURCE,
        "valueCodeableConcept": {"text": "A door that has no code"},
    }
    return {
        **contact,
        "meta": {"profile": [profile]},
        "extension": [*contact["extension"], source],
        "identifier": [
            {"type": {"coding": [number]}, "system": "http://other.example", "value": "1"}
        ],
    }


SAME = {"identifier": [SSN], "name": [{"family": "Reyes", "given": ["ana"]}]}
TREATING = {"identifier": {"system": crisis.ACTOR_CLASS, "value": crisis.TREATING_CLASS}}
HIDDEN = (
    # A Part 2 program: even the fact that somebody is its patient.
    Hidden("part 2 patient", by("program", patient(id="hidden", birthDate="1990-01-01", **SAME))),
    Hidden("part 2 crisis", by("program", a_crisis("hidden", "hidden-crisis", "2026-02-02"))),
    Hidden("part 2 finding about ana", by("program", observation("ana", id="hidden-finding"))),
    Hidden("part 2 crisis of ana", by("program", a_crisis("ana", "hidden-own", "2026-02-02"))),
    Hidden("part 2 denial", by("program", consent("ana", "deny", id="hidden-denial"))),
    Hidden("part 2 deletion", deleted("program", observation("ana", id="hidden-gone"))),
    Hidden("part 2 episode", by("program", episode("hidden", "other", id="hidden-episode"))),
    Hidden(
        "part 2 reference to what is seen",
        by(
            "program",
            coded(
                "hidden", "F11.20", id="hidden-pointer", focus=[reference("Encounter/crisis-ana-1")]
            ),
        ),
    ),
    Hidden(
        "several versions",
        by(
            "program",
            *(
                observation("ana", id="hidden-versions", issued=f"202{n}-01-01T00:00:00Z")
                for n in range(3)
            ),
        ),
    ),
    Hidden("anonymous contact", by("other", anonymous())),
    Hidden(
        "police",
        by(
            "other",
            observation(
                "ana",
                id="hidden-police",
                meta={
                    "security": [
                        {
                            "system": crisis.code_system("crisis-sensitivity"),
                            "code": "law-enforcement",
                        }
                    ]
                },
            ),
        ),
    ),
    # Of another agency that nobody who asks is treating at, or of a family that needs a consent.
    Hidden(
        "patient elsewhere",
        by("other", patient(id="hidden", birthDate="1990-01-01", **SAME)),
        from_ed=False,
    ),
    Hidden("HIV of ana", by("other", coded("ana", "B20", id="hidden-hiv")), from_ed=False),
    Hidden(
        "crisis elsewhere",
        by("other", a_crisis("hidden", "hidden-crisis", "2026-02-02")),
        from_ed=False,
    ),
)


def ids(names: str, hidden: str) -> Iterator[str]:
    yield from (f"/fhir/{name}" for name in names.split())
    yield from (f"/fhir/{name}" for name in hidden.split())


RESOURCES = tuple(
    ids(
        "Patient/ana Patient/ben Encounter/crisis-ana-1 Observation/finding-ana"
        " Consent/directive-ben Patient/ana-at-clinic Observation/finding-at-clinic"
        " Observation/deleted-at-clinic",
        "Patient/hidden Encounter/hidden-crisis Encounter/hidden-own Encounter/hidden-contact"
        " Observation/hidden-finding Observation/hidden-gone Observation/hidden-versions"
        " Observation/hidden-hiv Observation/hidden-police Observation/hidden-pointer"
        " Consent/hidden-denial EpisodeOfCare/hidden-episode Patient/absent",
    )
)
SEARCHES = (
    "Patient?_total=accurate&_count=1",
    "Patient?_summary=count",
    "Patient?family=reyes&birthdate=1990-01-01&_total=accurate",
    f"Patient?identifier={SSN['system']}%7C{SSN['value']}&_include=Patient:organization",
    "Patient?_id=ana,hidden,absent&_sort=-_lastUpdated",
    "Patient?_lastUpdated=gt2026-03-04T12:30:00Z&_sort=_lastUpdated",
    "Patient?_sort=family,_id&_count=1",
    "Patient?link=Patient/hidden",
    "Encounter?patient=ana&_sort=-date&_count=1&_total=accurate&_include=Encounter:episode-of-care",
    "Encounter?patient=hidden&_total=accurate",
    "Encounter?date=ge2026-02-01&_sort=-date&_count=2&_total=accurate",
    "Encounter?date=ge2026-02-01&_sort=date&_include=Encounter:patient",
    "Encounter?_security=42CFRPart2&_summary=count",
    "Observation?patient=ana&_total=accurate",
    "Observation?_total=accurate&_sort=_id&_count=1",
    "Observation?code=F11.20,B20&_total=accurate",
    "Observation?focus=Encounter/crisis-ana-1&_include=Observation:focus:Observation",
    "Observation?_include=Observation:focus:Encounter&_include=Observation:subject",
    "Consent?patient=ana&_total=accurate",
    "Consent?_total=accurate",
    "EpisodeOfCare?_total=accurate&_include=EpisodeOfCare:patient",
    "Organization?_total=accurate",
    "Measure?_total=accurate",
    "AuditEvent?date=le2026-03-04T12:30:00Z&_total=accurate&_count=3",
    "AuditEvent?patient=ana&date=le2026-03-04T12:30:00Z",
    "AuditEvent?patient=hidden",
    "Encounter?subject:Patient.identifier=458217703&_total=accurate",
    "Encounter?patient.family=reyes&_sort=-date&_count=2&_total=accurate",
    "Encounter?episode-of-care:EpisodeOfCare.organization:Organization.name=clinic&_summary=count",
    "Patient?_has:Observation:patient:code=F11.20&_total=accurate",
    "Patient?_has:Observation:patient:code:not=F11.20&_total=accurate",
    "Patient?_has:Encounter:patient:date=ge2026-02-02&_total=accurate",
    "Patient?_has:Encounter:patient:_has:Observation:focus:code:missing=true&_total=accurate",
    "Patient?link:Patient.birthdate=1990-01-01&_total=accurate",
    "Observation?focus:Encounter.status=finished&_total=accurate",
    "Observation?code:missing=true&_sort=code,_id&_total=accurate",
    "Observation?code:text=a&_sort=-subject&_count=1",
    "Observation?status:not=final,amended&_total=accurate",
    "Observation?value-quantity=gt5&_total=accurate",
    "Observation?code-value-quantity=F11.20$gt5&_summary=count",
    "Observation?_list=hidden&_total=accurate",
    "Encounter?_has:Observation:focus:patient=hidden&_total=accurate",
    "Patient?_id=ana&_revinclude=*&_revinclude:iterate=*",
    "Patient?_revinclude=Encounter:patient&_revinclude=Observation:*&_count=1",
    "Encounter?_id=crisis-ana-1&_revinclude=Observation:focus&_include=*&_include:iterate=*",
    "Observation?_include=*&_summary=true",
    "Observation?_include:iterate=Observation:focus&_elements=focus",
    "?_type=Patient,Encounter,Observation,Consent&_total=accurate&_count=4",
    "?_lastUpdated=gt2026-03-04T12:30:00Z&_summary=count",
    "Patient/ana/*?_count=5&_total=accurate",
    "Patient/ana/Observation?_total=accurate",
    "Patient/hidden/Encounter",
    "Patient/hidden/*",
    "Encounter/crisis-ana-1/Observation?_total=accurate",
    "Observation?nonsense=1",
    "Nonsense?x=1",
)
QUARTER = "periodStart=2025-10-01&periodEnd=2025-12-31"
OPERATIONS = (
    "/fhir/Patient/ana/$everything?_count=5",
    "/fhir/Patient/ana/$everything?start=2026-02-02&_type=Encounter,Observation",
    "/fhir/Patient/hidden/$everything",
    "/fhir/Encounter/crisis-ana-1/$everything",
    "/fhir/Encounter/hidden-crisis/$everything",
    "/fhir/Observation/$lastn?patient=ana&max=2",
    "/fhir/Observation/$lastn?subject=Patient/hidden",
    "/fhir/Patient/ana/$meta",
    "/fhir/Patient/hidden/$meta",
    "/fhir/Composition/hidden/$document",
    f"/fhir/Measure/m-jail-diversion/$evaluate-measure?{QUARTER}",
    f"/fhir/Measure/$evaluate-measure?measure=m-on-scene-resolution&{QUARTER}",
    "/fhir/Patient/ana/$recent-crises?days=3650",
    "/fhir/Patient/ben/$recent-crises",
    "/fhir/Patient/hidden/$recent-crises",
    "/fhir/Patient/$recent-crises",
    "/fhir/Patient/ana-at-clinic/$recent-crises?days=3650",
    "/fhir/Patient/ana/$validate",
    "/fhir/Patient/hidden/$validate",
    "/fhir/Patient/hidden/$validate?mode=delete",
    "/fhir/Patient/absent/$validate",
    "/fhir/Patient/$validate",
    "/fhir/$validate",
)
GENDERS = "url=http://hl7.org/fhir/ValueSet/administrative-gender"
CALLED = "url=http://test.example/absent"
TERMINOLOGY = (
    f"CodeSystem/$lookup?system={ICD}&code=F11.20",
    f"CodeSystem/$validate-code?url={ICD}&code=F11.20",
    f"CodeSystem/$subsumes?system={ICD}&codeA=F11&codeB=F11.20",
    f"ValueSet/$expand?{GENDERS}",
    f"ValueSet/$expand?{CALLED}",
    f"ValueSet/$validate-code?{GENDERS}&system=http://hl7.org/fhir/administrative-gender&code=male",
    f"ConceptMap/$translate?{CALLED}&system={ICD}&code=F11.20",
    f"CodeSystem/absent/$validate-code?code=F11.20&system={ICD}",
    "CodeSystem/absent/$subsumes?codeA=F11&codeB=F11.20",
    "ValueSet/absent/$expand",
    "ValueSet/absent/$validate-code?code=male&inferSystem=true",
    f"ConceptMap/absent/$translate?system={ICD}&code=F11.20",
)


PATCH = {
    "resourceType": "Parameters",
    "parameter": [
        {
            "name": "operation",
            "part": [
                {"name": "type", "valueCode": "delete"},
                {"name": "path", "valueString": "Patient.active"},
            ],
        }
    ],
}


def reads() -> Iterator[Ask]:
    yield from (Ask(method="HEAD", path=path) for path in RESOURCES)
    for path in RESOURCES:
        yield Ask(method="GET", path=path)
        yield Ask(method="GET", path=path, headers={"If-None-Match": 'W/"1"'})
        yield Ask(method="GET", path=f"{path}/_history")
        yield Ask(method="GET", path=f"{path}/_history/1")
        yield Ask(method="GET", path=f"{path}/_history/2")
    for search in SEARCHES:
        yield Ask(method="GET", path=f"/fhir/{search}".replace("/fhir/?", "/fhir?"))
    type_, _, pairs = SEARCHES[2].partition("?")
    yield Ask(method="POST", path=f"/fhir/{type_}/_search", body=pairs)
    yield Ask(method="POST", path="/fhir/_search", body="_type=Observation&_total=accurate")
    yield Ask(method="POST", path="/fhir/Patient/ana/Observation/_search", body="_total=accurate")
    for name in ("Patient", "Encounter", "Observation", "Consent", "EpisodeOfCare", "Measure"):
        yield Ask(method="GET", path=f"/fhir/{name}/_history?_count=2")
    yield Ask(method="GET", path="/fhir/_history?_count=5")
    yield Ask(method="GET", path="/fhir/_history?_type=Patient,Observation&_at=2026-03-04")
    yield Ask(method="GET", path="/fhir/Observation/_history?_at=2026-03-04T12:30:00Z")
    yield Ask(method="GET", path="/fhir/metadata/nonsense")


def pages(viewer: Viewer) -> Iterator[Ask]:
    """Yield what a person of the viewer's agency asks, and what its EHR says of launches."""
    picker = f"/authorize/patient?request={viewer.handle('')}"
    for searched in ("", "&family=reyes", "&birthdate=1990-01-01", "&identifier=458217703"):
        yield Ask(method="GET", path=picker + searched)
    for patient_ in ("hidden", "absent"):
        form = f"request={viewer.handle('')}&patient={patient_}"
        yield Ask(method="POST", path="/authorize/patient", body=form)
    for patient_ in LAUNCH_PATIENTS:
        yield Ask(method="GET", path=f"/authorize?request={viewer.handle(patient_)}")
    form = f"request={viewer.handle('hidden')}&decision=allow&purpose=TREAT&scope=patient/*.rs"
    yield Ask(method="POST", path="/authorize", body=form)
    yield Ask(method="GET", path="/account/apps")
    yield Ask(method="POST", path="/account/apps", body="grant=none-of-mine")
    for context in (
        {"patient": "hidden"},
        {"patient": "absent"},
        {"patient": "ana", "encounter": "hidden-crisis"},
        {"patient": "ana", "encounter": "crisis-ana-1"},
    ):
        yield Ask(method="POST", path="/oauth/launch", body={"client_id": APP, **context})
    for method in ("GET", "POST"):
        yield Ask(method=method, path="/oauth/userinfo")


def operations() -> Iterator[Ask]:
    for path in OPERATIONS:
        yield Ask(method="GET", path=path)
    for path in TERMINOLOGY:
        yield Ask(method="GET", path=f"/fhir/{path}")
        yield Ask(method="POST", path=f"/fhir/{path}")
    parameters = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "periodStart", "valueDate": "2025-10-01"},
            {"name": "periodEnd", "valueDate": "2025-12-31"},
        ],
    }
    yield Ask(
        method="POST", path="/fhir/Measure/m-jail-diversion/$evaluate-measure", body=parameters
    )
    yield Ask(method="POST", path="/fhir/Measure/$evaluate-measure", body=parameters)
    pointing = observation("hidden", focus=[reference("Encounter/hidden-crisis")])
    for path in ("/fhir/$validate", "/fhir/Observation/$validate"):
        yield Ask(method="POST", path=path, body=pointing)
    for id_ in ("hidden", "ana"):
        body = {**patient(id=id_), "meta": {"profile": ["http://example.org/hidden"]}}
        yield Ask(method="POST", path=f"/fhir/Patient/{id_}/$validate?mode=update", body=body)
    yield Ask(method="POST", path="/fhir/Patient/hidden/$recent-crises")
    for path in ("Patient/hidden/$everything", "Encounter/hidden/$everything"):
        yield Ask(method="POST", path=f"/fhir/{path}")
    for path in ("Patient/hidden/$meta", "Composition/hidden/$document", "Observation/$lastn"):
        yield Ask(method="POST", path=f"/fhir/{path}")
    yield Ask(method="POST", path="/fhir/Patient/$recent-crises")


def bundle(kind: str, *entries: tuple[str, str, Resource | None]) -> Resource:
    return {
        "resourceType": "Bundle",
        "type": kind,
        "entry": [
            {"request": {"method": method, "url": url}, **({"resource": body} if body else {})}
            for method, url, body in entries
        ],
    }


def writes() -> Iterator[Ask]:
    """Yield changes of what is hidden, and of what refers to it."""
    for path in RESOURCES:
        type_, id_ = path.split("/")[2:]
        if id_.startswith("hidden") or id_ == "absent":
            body = (
                patient(id=id_)
                if type_ == "Patient"
                else {**observation("ana", id=id_), "resourceType": type_}
            )
            yield Ask(method="PUT", path=path, body=body)
            yield Ask(method="PUT", path=path, body=body, headers={"If-Match": 'W/"1"'})
            yield Ask(method="PATCH", path=path, body=PATCH)
            yield Ask(method="DELETE", path=path)
            yield Ask(method="DELETE", path=path, headers={"If-Match": 'W/"1"'})
    yield Ask(method="POST", path="/fhir/Patient", body=patient(identifier=[SSN]))
    pointing = observation("hidden", focus=[reference("Encounter/hidden-crisis")])
    yield Ask(method="POST", path="/fhir/Observation", body=pointing)
    yield from conditional()
    yield Ask(
        method="POST",
        path="/fhir",
        body=bundle(
            "batch",
            ("GET", "Patient/hidden", None),
            ("GET", "Patient?_total=accurate", None),
            ("DELETE", "Observation/hidden-finding", None),
            ("PUT", "Patient/hidden", patient(id="hidden")),
        ),
    )
    for url in ("Patient/hidden", "Patient/absent"):
        id_ = url.rpartition("/")[2]
        yield Ask(
            method="POST",
            path="/fhir",
            body=bundle(
                "transaction",
                ("POST", "Observation", observation("ana")),
                ("PUT", url, patient(id=id_)),
            ),
        )
    yield Ask(
        method="POST",
        path="/fhir",
        body=bundle("transaction", ("POST", "Observation", observation("hidden"))),
    )
    yield Ask(method="GET", path="/fhir/Observation?_total=accurate&_sort=_lastUpdated")


def conditional() -> Iterator[Ask]:
    """Yield changes of what criteria find, where hidden resources fit the criteria too."""
    known = f"identifier={SSN['system']}%7C{SSN['value']}"
    for criteria in (known, "birthdate=1990-01-01&family=reyes", "_id=hidden", "identifier=none"):
        url = f"/fhir/Patient?{criteria}"
        yield Ask(method="PATCH", path=url, body=PATCH)
        yield Ask(method="DELETE", path=url)
        headers = {"If-None-Exist": criteria.replace("%7C", "|")}
        yield Ask(method="POST", path="/fhir/Patient", body=patient(), headers=headers)
        yield Ask(method="PUT", path=url, body=patient())
    yield Ask(method="DELETE", path="/fhir/Observation?code=F11.20,B20")
    yield Ask(method="DELETE", path="/fhir/Observation?patient=ana&status=amended")
    yield Ask(method="PUT", path="/fhir/Patient?identifier=1", body=patient(id="hidden"))
    entry = {
        "request": {"method": "POST", "url": "Observation"},
        "resource": observation("ana", subject=reference(f"Patient?{known}")),
    }
    yield Ask(
        method="POST",
        path="/fhir",
        body={"resourceType": "Bundle", "type": "transaction", "entry": [entry]},
    )


def native(agency: str) -> Iterator[Ask]:
    """Yield native records of an agency about a person whom others know."""
    person = {
        "id": "P-1",
        "name": {"family": "Reyes", "given": ["Ana"]},
        "birthDate": "1990-01-01",
    }
    records = {
        "persons": {"person": person},
        "crisis-encounters": {"crisisEncounter": crisis_encounter("CE-1", person={"id": "P-1"})},
        "episodes": {
            "episode": {
                "id": "EP-1",
                "person": {"id": "P-1"},
                "openedAt": "2026-03-01T10:00:00Z",
                "openReason": "self",
                "type": "crisis-follow-up",
                "status": "open",
            }
        },
        "referrals": {"referral": {"id": "R-1", "person": {"id": "P-1"}, "status": "sent"}},
        "consents": {"consent": {"id": "C-1", "person": {"id": "P-1"}, "decision": "deny"}},
        "directory": {"agency": {"id": agency, "name": agency}},
    }
    source = {"agency": agency, "system": "cad", "sentAt": "2026-03-04T15:02:11-06:00"}
    for path, record in records.items():
        for message_id in ("1", "2"):
            message = {
                "schema": "crisis-native/1",
                "source": {**source, "messageId": f"{path}-{message_id}"},
            }
            yield Ask(method="POST", path=f"/intake/{path}", body=message | record)
    yield Ask(method="GET", path="/fhir/Patient?family=reyes&birthdate=1990-01-01")


def asked_first(viewer: Viewer) -> list[Ask]:
    """Return what `viewer` reads; public health may count what nobody may see."""
    return [*reads(), *pages(viewer), *(() if viewer is HEALTH else operations())]


def asked_then(viewer: Viewer) -> list[Ask]:
    """Return what `viewer` writes, with the reads of what came of it.

    It comes after all reads by pages: a cursor holds the internal key of the row at which it
    stands, and keys go on from where others left off. It is sealed, so that only its bytes differ.
    """
    return [*writes(), *native(viewer.organization)]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest) -> Postgres | Sqlite:
    kind = "postgresql_server" if request.param == "postgresql" else "sqlite_files"
    found: Postgres | Sqlite = request.getfixturevalue(kind)
    return found


@pytest.fixture(scope="module")
def base(databases: Postgres | Sqlite) -> Iterator[str]:
    """The URL of the world that all others are copies of; it is closed."""
    with databases.fresh() as url:
        with world(url) as found:
            write_base(found)
        yield url


def answers(
    databases: Postgres | Sqlite, base: str, hidden: tuple[Hidden, ...], viewers: tuple[Viewer, ...]
) -> list[tuple[str, Ask, Answer]]:
    with databases.fresh(base) as url, world(url) as found:
        found.clock.at(HIDING, "hidden")
        for one in hidden:
            one.write(found)
        given: list[tuple[str, Ask, Answer]] = []
        for number, (viewer, asks) in enumerate(rounds(viewers)):
            found.clock.at(ASKING + number * SECOND, f"round-{number}")
            given.extend((viewer.name, ask, answer) for ask, answer in found.ask(viewer, asks))
        return given


def rounds(viewers: tuple[Viewer, ...]) -> Iterator[tuple[Viewer, list[Ask]]]:
    """Yield who asks what, in turn; the emergency department, which not all may, comes last."""
    others = [viewer for viewer in viewers if viewer is not ED]
    yield from ((viewer, asked_first(viewer)) for viewer in others)
    yield from ((viewer, asked_then(viewer)) for viewer in others)
    if ED in viewers:
        yield ED, asked_first(ED)
        yield ED, asked_then(ED)


@pytest.fixture(scope="module")
def alone(databases: Postgres | Sqlite, base: str) -> list[tuple[str, Ask, Answer]]:
    """What the viewers are answered where nobody wrote anything else."""
    return answers(databases, base, (), VIEWERS)


def compatible(chosen: tuple[Hidden, ...]) -> bool:
    """Two agencies cannot hold one id."""
    names = {one.name for one in chosen}
    return not (
        {"part 2 patient", "patient elsewhere"} <= names
        or {"part 2 crisis", "crisis elsewhere"} <= names
    )


DEEP = tuple(one for one in HIDDEN if one.from_ed)
SHALLOW = tuple(one for one in HIDDEN if one.name not in {"part 2 patient", "part 2 crisis"})
subsets = (
    st.lists(st.sampled_from(HIDDEN), min_size=1, unique_by=lambda one: one.name)
    .map(tuple)
    .filter(compatible)
)


@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
@example(hidden=DEEP)
@example(hidden=SHALLOW)
@given(hidden=subsets)
def test_no_answer_depends_on_what_its_reader_may_not_see(
    databases: Postgres | Sqlite,
    base: str,
    alone: list[tuple[str, Ask, Answer]],
    hidden: tuple[Hidden, ...],
) -> None:
    everybody = all(one.from_ed for one in hidden)
    viewers = VIEWERS if everybody else tuple(one for one in VIEWERS if one is not ED)

    found = answers(databases, base, hidden, viewers)

    different = [pair for pair in zip(alone, found, strict=False) if pair[0] != pair[1]]
    assert different[:1] == []
    assert everybody == (len(found) == len(alone))


@pytest.mark.parametrize("one", HIDDEN, ids=lambda one: one.name)
def test_what_is_hidden_is_there(databases: Postgres | Sqlite, base: str, one: Hidden) -> None:
    """Else the comparison would compare nothing: who holds it sees it."""
    with databases.fresh(base) as url, world(url) as found:
        before = {agency: seen(found.caller(agency)) for agency in ("other", "program")}
        found.clock.at(HIDING, "hidden")
        one.write(found)

        after = {agency: seen(found.caller(agency)) for agency in ("other", "program")}

        assert before != after


def seen(caller: Caller) -> list[str]:
    types = ("Patient", "Encounter", "Observation", "Consent", "EpisodeOfCare")
    rows = (caller.history_of(type_) for type_ in types)
    return sorted(row for found in rows for row in found)


def test_every_route_is_asked_or_public(databases: Postgres | Sqlite, base: str) -> None:
    with databases.fresh(base) as url, world(url) as found:
        routed = {
            (method, path)
            for path, methods in found.server.routes.table.items()
            for method in methods
        }
        ruled = {
            (method, str(rule.rule))
            for rule in found.app.url_map.iter_rules()
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        }
    asked = {ask.route for _, asks in rounds(VIEWERS) for ask in asks}
    # An operation of every type is one route: what holds for one type holds for all.
    asked |= {(method, f"[type]/{path.partition('/')[2]}") for method, path in asked}

    assert (routed | ruled) - asked == PUBLIC


def test_the_matrix_is_answered_and_not_only_refused(
    alone: list[tuple[str, Ask, Answer]],
) -> None:
    """Every method and every kind of success occurs."""
    statuses = {(ask.method, status) for _, ask, (status, _, _) in alone}

    assert statuses >= set(product(["GET", "POST"], [200, 404])) | {
        ("POST", 201),
        ("DELETE", 204),
        ("PUT", 405),
        ("GET", 304),
        ("GET", 410),
        ("GET", 403),
    }


def test_pages_are_answered_and_not_only_refused(alone: list[tuple[str, Ask, Answer]]) -> None:
    """Else the comparison of pages would compare refusals."""
    clinic = {
        (ask.method, ask.path): (status, body.decode())
        for viewer, ask, (status, body, _) in alone
        if viewer == "clinic" and (ask.is_page or ask.path == "/oauth/launch")
    }
    found = clinic["GET", f"/authorize/patient?request={CLINIC.handle('')}&family=reyes"]
    about = clinic["GET", f"/authorize?request={CLINIC.handle('ana')}"]
    hidden = clinic["GET", f"/authorize?request={CLINIC.handle('hidden')}"]

    assert found[0] == 200
    assert "ana Reyes" in found[1]
    assert about[0] == 200
    assert "ana Reyes" in about[1]
    assert hidden[0] == 403
    assert clinic["GET", "/account/apps"][0] == 200
    assert clinic["POST", "/oauth/launch"][0] == 201
