"""Jail diversion: who could have been arrested and was not.

Whether there was an arrestable offense is the officer's to say, so the share of encounters in which
nobody said is reported beside the measure. Cited without being taken into custody is diverted.
"""

from fhir_server.facts.query import FactTest
from fhir_server.fhir.crisis import code_system
from fhir_server.reporting.measure import Group, Measure, Stratifier

_FINISHED = FactTest(field="status", values=("finished",))

MEASURE = Measure(
    id="m-jail-diversion",
    version="1.0.0",
    title="Jail diversion",
    description=(
        "Of the finished crisis encounters with an arrestable offense, those without an arrest and"
        " without a citation in custody. An encounter for which nobody stated whether there was an"
        " arrest counts as not diverted."
    ),
    rationale=(
        "People in a mental-health crisis who are arrested lose treatment, housing and work; crisis"
        " programs exist to prevent that."
    ),
    groups=(
        Group(
            code="jail-diversion",
            text="Encounters with an arrestable offense that did not end in custody",
            denominator=(_FINISHED, FactTest(field="arrestable", values=(True,))),
            numerator=(FactTest(field="arrested", values=(False,)),),
            except_for=(
                FactTest(field="cited", values=(True,)),
                FactTest(field="disposition", values=("transported-jail", "released-to-police")),
            ),
            stratifier=Stratifier(
                code="offense-level",
                text="Level of the offense",
                field="offense_level",
                system=code_system("crisis-offense-level"),
                codes=("infraction", "misdemeanor", "felony", "warrant-minor"),
            ),
        ),
        Group(
            code="offense-unknown",
            text="Finished encounters for which nobody stated whether there was such an offense",
            denominator=(_FINISHED,),
            numerator=(FactTest(field="arrestable", values=(None,)),),
            contains="jail-diversion",
        ),
    ),
)
