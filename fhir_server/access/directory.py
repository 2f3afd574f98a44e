"""Which types hold directory data: nothing about a person, so open to every caller with a scope.

Everything else belongs to a patient, or to itself where it names none.
"""

from fhir_server.fhir.resource import Resource, items, type_of

_PEOPLE_AND_PLACES = frozenset(
    {
        "Endpoint",
        "HealthcareService",
        "InsurancePlan",
        "Location",
        "Organization",
        "OrganizationAffiliation",
        "Practitioner",
        "PractitionerRole",
    }
)
_DEFINITIONS = frozenset(
    {
        "ActivityDefinition",
        "CapabilityStatement",
        "ChargeItemDefinition",
        "CodeSystem",
        "CompartmentDefinition",
        "ConceptMap",
        "DeviceDefinition",
        "EventDefinition",
        "ExampleScenario",
        "GraphDefinition",
        "ImplementationGuide",
        "Library",
        "Measure",
        "MedicationKnowledge",
        "MessageDefinition",
        "NamingSystem",
        "ObservationDefinition",
        "OperationDefinition",
        "PlanDefinition",
        "Questionnaire",
        "ResearchDefinition",
        "ResearchElementDefinition",
        "SearchParameter",
        "SpecimenDefinition",
        "StructureDefinition",
        "StructureMap",
        "TerminologyCapabilities",
        "TestReport",
        "TestScript",
        "ValueSet",
    }
)
DIRECTORY_TYPES = _PEOPLE_AND_PLACES | _DEFINITIONS
_ROLE_CODE = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
_RESIDENCE = "PTRES"


def is_directory(resource: Resource) -> bool:
    """Say whether `resource` is about nobody: of a directory type, and not where somebody lives."""
    if type_of(resource) not in DIRECTORY_TYPES:
        return False
    return type_of(resource) != "Location" or not any(
        coding.get("system") == _ROLE_CODE and coding.get("code") == _RESIDENCE
        for kind in items(resource, "type")
        for coding in items(kind, "coding")
    )
