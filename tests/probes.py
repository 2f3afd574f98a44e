"""Probes of strictness: what is right, and what is wrong by kind.

https://hl7.org/fhir/R4/json.html, https://hl7.org/fhir/R4/datatypes.html and
https://hl7.org/fhir/R4/validation.html
"""

from fhir_server.fhir.json import decode
from fhir_server.fhir.resource import Json, Resource

XMLNS = 'xmlns="http://www.w3.org/1999/xhtml"'
EXT = {"url": "http://example.org/e", "valueString": "x"}


def a_patient(**elements: Json) -> Resource:
    return {"resourceType": "Patient", **elements}


def an_observation(**elements: Json) -> Resource:
    code = {"coding": [{"system": "http://loinc.org", "code": "1"}]}
    return {"resourceType": "Observation", "status": "final", "code": code, **elements}


RIGHT = {
    "nothing but a type": a_patient(),
    "a value and its extension": a_patient(birthDate="1980", _birthDate={"extension": [EXT]}),
    "a value and the id of its element": a_patient(gender="male", _gender={"id": "g"}),
    "an extension without a value": a_patient(_birthDate={"extension": [EXT]}),
    "a gap filled by its twin": a_patient(
        name=[{"given": ["A", None], "_given": [None, {"extension": [EXT]}]}]
    ),
    "only the twin of an array": a_patient(name=[{"_given": [{"extension": [EXT]}]}]),
    "a required element by extension only": {
        **an_observation(_status={"extension": [EXT]}),
        "status": "final",
    },
    "extensions in an extension": a_patient(extension=[{"url": "u", "extension": [EXT]}]),
    "an extension's value by extension only": a_patient(
        extension=[{"url": "u", "_valueString": {"extension": [EXT]}}]
    ),
    "every type of extension": a_patient(extension=[{"url": "u", "valueMeta": {"versionId": "1"}}]),
    "an extension of the id": a_patient(id="x", _id={"extension": [EXT]}),
    "a choice by extension only": a_patient(_deceasedBoolean={"extension": [EXT]}),
    "a choice with its own twin": a_patient(
        deceasedBoolean=True, _deceasedBoolean={"extension": [EXT]}
    ),
    "a contained resource": a_patient(contained=[{"resourceType": "Organization", "id": "o"}]),
    "text with line breaks": a_patient(name=[{"text": "a\r\n\tb"}]),
    "a month that has 31 days": a_patient(birthDate="1980-01-31"),
    "a leap day": a_patient(birthDate="2024-02-29"),
    "a leap second": a_patient(deceasedDateTime="2016-12-31T23:59:60Z"),
    "base64 with white space": a_patient(photo=[{"data": "AAAA\n AAA="}]),
    "a decimal without a point": a_patient(extension=[{"url": "u", "valueDecimal": 1}]),
    "a reference to an allowed type": an_observation(subject={"reference": "Patient/1"}),
    "a reference elsewhere": an_observation(subject={"reference": "https://x.example/Patient/1"}),
    "a placeholder": an_observation(subject={"reference": "urn:uuid:0c4a"}),
    "a reference to a contained one": an_observation(subject={"reference": "#p"}),
    "a conditional reference": an_observation(subject={"reference": "Patient?identifier=1"}),
    "a logical reference": an_observation(subject={"identifier": {"value": "1"}}),
    "a coding out of the value set beside another": {
        "resourceType": "Condition",
        "subject": {"reference": "Patient/1"},
        "clinicalStatus": {
            "coding": [
                {"code": "x"},
                {
                    "system": "http://terminology.hl7.org/CodeSystem/condition-clinical",
                    "code": "active",
                },
            ]
        },
    },
}

# What is wrong, its issue type and where it is: the probes that tell strict servers from others.
WRONG: dict[str, tuple[Resource, str, str]] = {
    "no type": ({"id": "1"}, "structure", "Resource"),
    "a type that is no string": ({"resourceType": 1}, "structure", "Resource"),
    "an unknown type": ({"resourceType": "Banana"}, "structure", "Resource"),
    "an abstract type": ({"resourceType": "DomainResource"}, "structure", "Resource"),
    "a datatype": ({"resourceType": "HumanName"}, "structure", "Resource"),
    # unknown elements
    "an unknown element": (a_patient(banana=1), "structure", "Patient.banana"),
    "an unknown element of a datatype": (
        a_patient(name=[{"fmaily": "x"}]),
        "structure",
        "Patient.name[0].fmaily",
    ),
    "an element of another type": (a_patient(status="x"), "structure", "Patient.status"),
    "a Python name": (a_patient(birthDate__ext={}), "structure", "Patient.birthDate__ext"),
    "a Python name of a keyword": (
        {"resourceType": "Encounter", "status": "finished", "class_fhir": {"code": "EMER"}}
        | {"class": {"code": "EMER"}},
        "structure",
        "Encounter.class_fhir",
    ),
    "comments of DSTU2": (a_patient(fhir_comments=["x"]), "structure", "Patient.fhir_comments"),
    "a choice without a type": (a_patient(deceased=True), "structure", "Patient.deceased"),
    "a choice of a wrong type": (
        a_patient(deceasedString="x"),
        "structure",
        "Patient.deceasedString",
    ),
    "a twin of an object": (a_patient(_name=[{"id": "x"}]), "structure", "Patient._name"),
    "a twin of an element's id": (
        a_patient(name=[{"text": "x", "_id": {"extension": [EXT]}}]),
        "structure",
        "Patient.name[0]._id",
    ),
    "a twin of an extension's url": (
        a_patient(extension=[{**EXT, "_url": {"extension": [EXT]}}]),
        "structure",
        "Patient.extension[0]._url",
    ),
    "a resourceType inside": (
        a_patient(name=[{"resourceType": "HumanName", "text": "x"}]),
        "structure",
        "Patient.name[0].resourceType",
    ),
    # arrays, objects and nulls
    "an empty array": (a_patient(name=[]), "structure", "Patient.name"),
    "an empty array of primitives": (
        a_patient(name=[{"given": []}]),
        "structure",
        "Patient.name[0].given",
    ),
    "an empty object": (a_patient(maritalStatus={}), "structure", "Patient.maritalStatus"),
    "an empty object in an array": (a_patient(name=[{}]), "structure", "Patient.name[0]"),
    "an element with an id alone": (
        a_patient(name=[{"id": "x"}]),
        "invariant",
        "Patient.name[0]",
    ),
    "an object where an array belongs": (
        a_patient(name={"text": "x"}),
        "structure",
        "Patient.name",
    ),
    "a value where an array belongs": (
        a_patient(name=[{"given": "x"}]),
        "structure",
        "Patient.name[0].given",
    ),
    "an array where an object belongs": (
        a_patient(maritalStatus=[{"text": "x"}]),
        "structure",
        "Patient.maritalStatus",
    ),
    "an array where a value belongs": (a_patient(gender=["male"]), "structure", "Patient.gender"),
    "an object where a value belongs": (
        a_patient(gender={"value": "male"}),
        "structure",
        "Patient.gender",
    ),
    "a value where an object belongs": (
        a_patient(maritalStatus="M"),
        "structure",
        "Patient.maritalStatus",
    ),
    "a value in an array of objects": (a_patient(name=["x"]), "structure", "Patient.name[0]"),
    "null for a value": (a_patient(birthDate=None), "structure", "Patient.birthDate"),
    "null for an object": (a_patient(maritalStatus=None), "structure", "Patient.maritalStatus"),
    "null for an array": (a_patient(name=None), "structure", "Patient.name"),
    "null in an array of objects": (
        a_patient(name=[{"text": "x"}, None]),
        "structure",
        "Patient.name[1]",
    ),
    "null in an array of values": (
        a_patient(name=[{"given": ["A", None]}]),
        "structure",
        "Patient.name[0].given[1]",
    ),
    # the twins of primitives
    "arrays that are not aligned": (
        a_patient(name=[{"given": ["A", "B"], "_given": [{"extension": [EXT]}]}]),
        "structure",
        "Patient.name[0].given",
    ),
    "a twin that fills nothing": (
        a_patient(name=[{"_given": [None, {"extension": [EXT]}]}]),
        "structure",
        "Patient.name[0].given[0]",
    ),
    "an empty twin": (a_patient(_birthDate={}), "invariant", "Patient.birthDate"),
    "an empty array of twins": (
        a_patient(name=[{"given": ["A"], "_given": []}]),
        "structure",
        "Patient.name[0].given",
    ),
    "a twin that is no object": (a_patient(_birthDate="x"), "structure", "Patient.birthDate"),
    "a twin with an id alone": (
        a_patient(_birthDate={"id": "x"}),
        "invariant",
        "Patient.birthDate",
    ),
    "a twin in an array that is no object": (
        a_patient(name=[{"given": ["A"], "_given": ["x"]}]),
        "structure",
        "Patient.name[0].given[0]",
    ),
    "a twin with an unknown element": (
        a_patient(_birthDate={"value": "1980", "extension": [EXT]}),
        "structure",
        "Patient.birthDate.value",
    ),
    # cardinality
    "a required element missing": (
        {"resourceType": "Observation", "status": "final"},
        "required",
        "Observation.code",
    ),
    "a required element of a backbone missing": (
        a_patient(link=[{"type": "seealso"}]),
        "required",
        "Patient.link[0].other",
    ),
    "a required choice missing": (
        {
            "resourceType": "MedicationRequest",
            "status": "active",
            "intent": "order",
            "subject": {"reference": "Patient/1"},
        },
        "required",
        "MedicationRequest.medication",
    ),
    "an extension without url": (
        a_patient(extension=[{"valueString": "x"}]),
        "required",
        "Patient.extension[0].url",
    ),
    # choices
    "two types of a choice": (
        a_patient(deceasedBoolean=True, deceasedDateTime="2020"),
        "structure",
        "Patient.deceased",
    ),
    "two types of a choice, one by extension": (
        a_patient(deceasedBoolean=True, _deceasedDateTime={"extension": [EXT]}),
        "structure",
        "Patient.deceased",
    ),
    "a wrong value of a choice": (
        a_patient(deceasedDateTime="soon"),
        "value",
        "Patient.deceased.ofType(dateTime)",
    ),
    "a wrong part of a choice": (
        an_observation(valueQuantity={"value": "1"}),
        "value",
        "Observation.value.ofType(Quantity).value",
    ),
    # primitives
    "a number in quotes for a boolean": (a_patient(active="1"), "value", "Patient.active"),
    "a boolean in quotes": (a_patient(active="true"), "value", "Patient.active"),
    "a number for a boolean": (a_patient(active=1), "value", "Patient.active"),
    "an integer in quotes": (a_patient(multipleBirthInteger="1"), "value", "Patient.multipleBirth"),
    "a decimal for an integer": (
        decode(b'{"resourceType":"Patient","multipleBirthInteger":1.0}'),
        "value",
        "Patient.multipleBirth",
    ),
    "an integer with an exponent": (
        decode(b'{"resourceType":"Patient","multipleBirthInteger":1e1}'),
        "value",
        "Patient.multipleBirth",
    ),
    "a boolean for an integer": (
        a_patient(multipleBirthInteger=True),
        "value",
        "Patient.multipleBirth",
    ),
    "an integer of 33 bits": (a_patient(multipleBirthInteger=2**31), "value", "Patient.multiple"),
    "zero as a positiveInt": (
        a_patient(telecom=[{"value": "x", "rank": 0}]),
        "value",
        "Patient.telecom[0].rank",
    ),
    "a negative unsignedInt": (a_patient(photo=[{"size": -1}]), "value", "Patient.photo[0].size"),
    "a decimal in quotes": (
        an_observation(valueQuantity={"value": "1.0"}),
        "value",
        "Observation.value.ofType(Quantity).value",
    ),
    "an endless number": (
        an_observation(valueQuantity={"value": 10**301}),
        "value",
        "Observation.value.ofType(Quantity).value",
    ),
    "a number for a string": (a_patient(name=[{"text": 1}]), "value", "Patient.name[0].text"),
    "an empty string": (a_patient(name=[{"text": ""}]), "value", "Patient.name[0].text"),
    "a control character": (a_patient(name=[{"text": "a\x07"}]), "value", "Patient.name[0].text"),
    "a character that XML cannot hold": (
        a_patient(name=[{"text": "a\uffff"}]),
        "value",
        "Patient.name[0].text",
    ),
    "a NUL": (a_patient(name=[{"text": "\x00"}]), "value", "Patient.name[0].text"),
    "a wrong value in an array": (
        a_patient(name=[{"given": ["A", 1]}]),
        "value",
        "Patient.name[0].given[1]",
    ),
    "a day that does not exist": (a_patient(birthDate="1980-02-30"), "value", "Patient.birthDate"),
    "a leap day of a common year": (
        a_patient(birthDate="2023-02-29"),
        "value",
        "Patient.birthDate",
    ),
    "the 31st of a short month": (a_patient(birthDate="1980-04-31"), "value", "Patient.birthDate"),
    "the year 0000": (a_patient(birthDate="0000-01-01"), "value", "Patient.birthDate"),
    "a month of one digit": (a_patient(birthDate="1980-1-01"), "value", "Patient.birthDate"),
    "month 13": (a_patient(birthDate="1980-13-01"), "value", "Patient.birthDate"),
    "a date as others write it": (a_patient(birthDate="03/04/1980"), "value", "Patient.birthDate"),
    "a date with a space": (a_patient(birthDate="1980-01-01 "), "value", "Patient.birthDate"),
    "a time after a space": (
        a_patient(deceasedDateTime="2020-01-01 12:00:00Z"),
        "value",
        "Patient.deceased",
    ),
    "a date with a time": (a_patient(birthDate="1980-01-01T00:00:00Z"), "value", "Patient.birth"),
    "a time without an offset": (
        a_patient(deceasedDateTime="2020-01-01T12:00:00"),
        "value",
        "Patient.deceased",
    ),
    "a time without seconds": (
        a_patient(deceasedDateTime="2020-01-01T12:00Z"),
        "value",
        "Patient.deceased",
    ),
    "hour 24": (a_patient(deceasedDateTime="2020-01-01T24:00:00Z"), "value", "Patient.deceased"),
    "an offset beyond 14 hours": (
        a_patient(deceasedDateTime="2020-01-01T00:00:00+15:00"),
        "value",
        "Patient.deceased",
    ),
    "a partial instant": (a_patient(meta={"lastUpdated": "2020-01-01"}), "value", "Patient.meta."),
    "a time with an offset": (
        an_observation(valueTime="12:00:00Z"),
        "value",
        "Observation.value.ofType(time)",
    ),
    "an id of 65 characters": (a_patient(id="a" * 65), "value", "Patient.id"),
    "an id with an underscore": (a_patient(id="a_b"), "value", "Patient.id"),
    "a code with two spaces": (
        a_patient(meta={"tag": [{"code": "a  b"}]}),
        "value",
        "Patient.meta.tag[0].code",
    ),
    "a code with a space at its end": (
        a_patient(meta={"tag": [{"code": "a "}]}),
        "value",
        "Patient.meta.tag[0].code",
    ),
    "a uri with a space": (
        a_patient(identifier=[{"system": "http://a b"}]),
        "value",
        "Patient.identifier[0].system",
    ),
    "an empty uri": (a_patient(implicitRules=""), "value", "Patient.implicitRules"),
    "base64 without its padding": (
        a_patient(photo=[{"data": "AAA"}]),
        "value",
        "Patient.photo[0].",
    ),
    "base64 with a strange character": (
        a_patient(photo=[{"data": "AA_A"}]),
        "value",
        "Patient.photo[0].data",
    ),
    "base64 with padding too much": (
        a_patient(photo=[{"data": "AAAA="}]),
        "value",
        "Patient.photo[0].data",
    ),
    "base64 with a control character": (
        a_patient(photo=[{"data": "AAAA\x1cAAAA"}]),
        "value",
        "Patient.photo[0].data",
    ),
    "an empty base64": (a_patient(photo=[{"data": " "}]), "value", "Patient.photo[0].data"),
    "an OID without its prefix": (
        a_patient(extension=[{"url": "u", "valueOid": "1.2.3"}]),
        "value",
        "Patient.extension[0].value.ofType(oid)",
    ),
    "a UUID in capitals": (
        a_patient(extension=[{"url": "u", "valueUuid": "urn:uuid:" + "A" * 36}]),
        "value",
        "Patient.extension[0].value.ofType(uuid)",
    ),
    "narrative that is no XHTML": (
        a_patient(text={"status": "generated", "div": "hello"}),
        "value",
        "Patient.text.div",
    ),
    "a script in a narrative": (
        a_patient(text={"status": "generated", "div": f"<div {XMLNS}>x<script>y</script></div>"}),
        "invariant",
        "Patient.text.div",
    ),
    "an event handler in a narrative": (
        a_patient(text={"status": "generated", "div": f"<div {XMLNS} onclick='y'>x</div>"}),
        "invariant",
        "Patient.text.div",
    ),
    "narrative without its namespace": (
        a_patient(text={"status": "generated", "div": "<div>x</div>"}),
        "invariant",
        "Patient.text.div",
    ),
    "an entity of HTML in a narrative": (
        a_patient(text={"status": "generated", "div": f"<div {XMLNS}>&nbsp;x</div>"}),
        "structure",
        "Patient.text.div",
    ),
    "narrative in another element": (
        a_patient(text={"status": "generated", "div": "<p>hello</p>"}),
        "value",
        "Patient.text.div",
    ),
    # codes
    "a code out of no value set": (a_patient(gender="M"), "code-invalid", "Patient.gender"),
    "a code in capitals": (a_patient(gender="Male"), "code-invalid", "Patient.gender"),
    "a number for a code": (a_patient(gender=1), "code-invalid", "Patient.gender"),
    "a concept without the required code": (
        {
            "resourceType": "Condition",
            "subject": {"reference": "Patient/1"},
            "clinicalStatus": {"text": "active"},
        },
        "code-invalid",
        "Condition.clinicalStatus",
    ),
    "a concept with the code of another system": (
        {
            "resourceType": "Condition",
            "subject": {"reference": "Patient/1"},
            "clinicalStatus": {"coding": [{"system": "http://x.example", "code": "active"}]},
        },
        "code-invalid",
        "Condition.clinicalStatus",
    ),
    # references
    "a reference to a type that is not allowed": (
        an_observation(subject={"reference": "Medication/1"}),
        "value",
        "Observation.subject.reference",
    ),
    "the same elsewhere": (
        an_observation(subject={"reference": "https://x.example/fhir/Medication/1/_history/2"}),
        "value",
        "Observation.subject.reference",
    ),
    "a reference to an unknown type": (
        {"resourceType": "Task", "status": "draft", "intent": "order"}
        | {"focus": {"reference": "Banana/1"}},
        "value",
        "Task.focus.reference",
    ),
    "a declared type that is not allowed": (
        an_observation(subject={"type": "Medication", "display": "x"}),
        "value",
        "Observation.subject.type",
    ),
    "a reference in an array": (
        an_observation(performer=[{"reference": "Patient/1"}, {"reference": "Device/1"}]),
        "value",
        "Observation.performer[1].reference",
    ),
    # extensions
    "an extension with value and extensions": (
        a_patient(extension=[{**EXT, "extension": [EXT]}]),
        "invariant",
        "Patient.extension[0]",
    ),
    "an extension with neither": (
        a_patient(extension=[{"url": "u"}]),
        "invariant",
        "Patient.extension[0]",
    ),
    "an extension with two values": (
        a_patient(extension=[{**EXT, "valueCode": "x"}]),
        "structure",
        "Patient.extension[0].value",
    ),
    "a wrong extension of a primitive": (
        a_patient(_birthDate={"extension": [{"url": "u"}]}),
        "invariant",
        "Patient.birthDate.extension[0]",
    ),
    # resources within resources
    "a contained resource without type": (
        a_patient(contained=[{"id": "x"}]),
        "structure",
        "Patient.contained[0]",
    ),
    "a fault in a contained resource": (
        a_patient(contained=[{"resourceType": "Organization", "active": "yes"}]),
        "value",
        "Patient.contained[0].active",
    ),
    "a contained resource in a contained one": (
        a_patient(
            contained=[{"resourceType": "Organization", "contained": [a_patient()], "name": "x"}]
        ),
        "structure",
        "Patient.contained[0].contained",
    ),
    "a fault in an entry of a Bundle": (
        {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": a_patient(x=1)}]},
        "structure",
        "Bundle.entry[0].resource.x",
    ),
    "a fault in a resource of Parameters": (
        {"resourceType": "Parameters", "parameter": [{"name": "a", "resource": a_patient(id="_")}]},
        "value",
        "Parameters.parameter[0].resource.id",
    ),
    "a fault deep in repeated items": (
        {
            "resourceType": "Questionnaire",
            "status": "draft",
            "item": [{"linkId": "1", "type": "group", "item": [{"type": "group"}]}],
        },
        "required",
        "Questionnaire.item[0].item[0].linkId",
    ),
    "a comparator of a SimpleQuantity": (
        an_observation(referenceRange=[{"low": {"value": 1, "comparator": "<"}}]),
        "structure",
        "Observation.referenceRange[0].low.comparator",
    ),
}
