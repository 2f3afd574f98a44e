"""Patient/$everything: what is known about one patient.

https://hl7.org/fhir/R4/patient-operation-everything.html
"""

from fhir_server.interactions.everything import everything
from fhir_server.interactions.operation import Operation

OPERATION = Operation(
    code="everything",
    definition="http://hl7.org/fhir/OperationDefinition/Patient-everything",
    types=("Patient",),
    instance=True,
    of_type=False,
    affects_state=False,
    paged=everything,
)
