"""On-scene resolution: crises that ended in the community, with the person's agreement."""

from fhir_server.facts.query import FactTest
from fhir_server.fhir.crisis import code_system
from fhir_server.fhir.crisis_codes import RESPONDER_MODELS
from fhir_server.reporting.measure import Group, Measure, Stratifier

_COMMUNITY = (
    "resolved-on-scene",
    "stayed-with-support",
    "transported-home",
    "transported-shelter",
    "transported-respite",
    "released-to-family",
)

MEASURE = Measure(
    id="m-on-scene-resolution",
    version="1.0.0",
    title="Resolved in the community",
    description=(
        "Of the finished crisis encounters in which the person was contacted in person, those that"
        " ended voluntarily on the scene, at home, with family, in a shelter or in respite care."
    ),
    rationale=(
        "A crisis that is resolved where it happens spares the person an emergency department, a"
        " hold or a jail."
    ),
    groups=(
        Group(
            code="on-scene-resolution",
            text="In-person encounters that ended voluntarily in the community",
            denominator=(
                FactTest(field="status", values=("finished",)),
                FactTest(field="in_person", values=(True,)),
            ),
            numerator=(
                FactTest(field="disposition", values=_COMMUNITY),
                FactTest(field="voluntary", values=(True,)),
            ),
            stratifier=Stratifier(
                code="responder-model",
                text="Responder model",
                field="responder_model",
                system=code_system("crisis-responder-model"),
                codes=tuple(sorted(RESPONDER_MODELS)),
            ),
        ),
    ),
)
