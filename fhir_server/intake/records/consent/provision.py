"""The rules of a consent as provisions, and back.

https://hl7.org/fhir/R4/consent.html : nested provisions are exceptions to the one around them.
"""

from urllib.parse import quote

from fhir_server.fhir.crisis import ACTOR_CLASS, PURPOSE_SYSTEM, profile
from fhir_server.fhir.crisis_codes import CONFIDENTIALITIES, CRISIS_PURPOSES
from fhir_server.fhir.resource import Element, Json, extensions, items
from fhir_server.intake.build import ACT_CODE, CONFIDENTIALITY, concept, extended, set_if
from fhir_server.intake.source import TARGETS, Source, agency_system, external_id

ACT_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
ACTION = "http://terminology.hl7.org/CodeSystem/consentaction"
RESOURCE_TYPES = "http://hl7.org/fhir/resource-types"
URI = "urn:ietf:rfc:3986"
EXCLUSION = profile("crisis-consent-exclusion")
RECIPIENT_ORGANIZATION = profile("crisis-recipient-organization")
_OPPOSITE = {"permit": "deny", "deny": "permit"}
_KINDS = {name: kind for kind, (_, name) in TARGETS.items()}


def provision(rule: Element, source: Source) -> Element:
    """Return a rule with its exceptions; the root of a consent is one too."""
    found: Element = {"type": rule["decision"]}
    set_if(found, actor=[_actor(each, source) for each in rule.get("recipients", ())])
    set_if(found, action=[concept(ACTION, action) for action in rule.get("actions", ())])
    content = _content(rule.get("include", {}), source)
    set_if(
        found,
        securityLabel=content.get("securityLabel"),
        purpose=[_purpose(code) for code in rule.get("purposes", ())],
    )
    found |= {name: value for name, value in content.items() if name != "securityLabel"}
    nested = [
        provision(each, source) for each in (*rule.get("rules", ()), *rule.get("exceptions", ()))
    ]
    if "exclude" in rule:
        nested.insert(0, _exclusion(rule, source))
    return set_if(found, provision=nested)


def _exclusion(rule: Element, source: Source) -> Element:
    """Return what `exclude` takes out of the rule: an exception for the same recipients."""
    mark = {"url": EXCLUSION, "valueBoolean": True}
    opposite = {"type": _OPPOSITE[rule["decision"]]}
    return {"extension": [mark], **opposite, **_content(rule["exclude"], source)}


def _actor(recipient: Element, source: Source) -> Element:
    role = concept(PARTICIPATION, "IRCP")
    set_if(role, text=recipient.get("role"))
    if "class" in recipient:
        named = {"system": ACTOR_CLASS, "value": recipient["class"]}
        return {"role": role, "reference": {"identifier": named}}
    if "person" not in recipient:
        return {"role": role, "reference": source.reference("agency", recipient["org"])}
    organization = recipient.get("org")
    who = source.reference("responder", recipient["person"], organization)
    actor: Element = {"role": role, "reference": who}
    if organization is not None:
        at = source.reference("agency", organization)
        return extended(actor, [{"url": RECIPIENT_ORGANIZATION, "valueReference": at}])
    return actor


def _purpose(code: str) -> Element:
    return {"system": PURPOSE_SYSTEM if code in CRISIS_PURPOSES else ACT_REASON, "code": code}


def _content(native: Element, source: Source) -> Element:
    types = [{"system": RESOURCE_TYPES, "code": code} for code in native.get("types", ())]
    profiles = [{"system": URI, "code": url} for url in native.get("profiles", ())]
    data = [
        {"meaning": "instance", "reference": source.reference(record["type"], record["id"])}
        for record in native.get("records", ())
    ]
    data.extend(
        {"meaning": "authoredby", "reference": source.reference("responder", author)}
        for author in native.get("authors", ())
    )
    return set_if(
        {},
        securityLabel=[_label(code) for code in native.get("sensitivities", ())],
        **{"class": [*types, *profiles]},
        code=[{"coding": [coding]} for coding in native.get("codes", ())],
        dataPeriod=native.get("period"),
        data=data,
    )


def _label(code: str) -> Element:
    return {"system": CONFIDENTIALITY if code in CONFIDENTIALITIES else ACT_CODE, "code": code}


def form_uri(form_id: str, source: Source) -> str:
    """Return the URI of a series of consent forms: the same in all versions of the form."""
    return f"{agency_system('consent-form', source.agency)}/{quote(form_id, safe='')}"


def rule_of(found: Element) -> Element:
    """Return the rule that `provision` made a provision from; exceptions are in `exceptions`."""
    rule: Element = {
        "decision": found["type"],
        "recipients": [_recipient(actor) for actor in items(found, "actor")],
        "actions": [action["coding"][0]["code"] for action in items(found, "action")],
        "purposes": [purpose["code"] for purpose in items(found, "purpose")],
        "include": _native_content(found),
        "exceptions": [],
    }
    for nested in items(found, "provision"):
        if extensions(nested, EXCLUSION):
            rule["exclude"] = _native_content(nested)
        else:
            rule["exceptions"].append(rule_of(nested))
    return {name: value for name, value in rule.items() if value not in ([], {})}


def _recipient(actor: Element) -> Element:
    reference = actor["reference"]
    found: Element = {}
    if "text" in actor["role"]:
        found["role"] = actor["role"]["text"]
    value = external_id(reference)
    if "reference" not in reference:
        return {**found, "class": value}
    if reference["reference"].startswith("Organization/"):
        return {**found, "org": value}
    for organization in extensions(actor, RECIPIENT_ORGANIZATION):
        found["org"] = external_id(organization["valueReference"])
    return {**found, "person": value}


def _native_content(found: Element) -> Element:
    classes = items(found, "class")
    data = items(found, "data")
    native: dict[str, Json] = {
        "types": [each["code"] for each in classes if each["system"] == RESOURCE_TYPES],
        "profiles": [each["code"] for each in classes if each["system"] == URI],
        "codes": [concept_["coding"][0] for concept_ in items(found, "code")],
        "sensitivities": [label["code"] for label in items(found, "securityLabel")],
        "period": found.get("dataPeriod", {}),
        "records": [_record(each) for each in data if each["meaning"] == "instance"],
        "authors": [
            external_id(each["reference"]) for each in data if each["meaning"] == "authoredby"
        ],
    }
    return {name: value for name, value in native.items() if value not in ([], {})}


def _record(data: Element) -> Element:
    name = data["reference"]["identifier"]["system"].split("/sid/")[1].split("/")[0]
    return {"type": _KINDS[name], "id": external_id(data["reference"])}
