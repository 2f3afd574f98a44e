"""Why a verdict is not that of the reference validator, or an example is not valid, by case."""

REASONS: dict[str, str] = {
    "dr-eh": (
        "The error is by a profile of hl7.fhir.us.core#3.1.0, which is not to be had here: R4"
        " itself lets a DocumentReference be about a Device."
    ),
    "bundle-id-5": (
        "The error is the display of a CVX code; the code system (CDC) is not to be had here."
    ),
    "uk-msg": "The errors are codes and displays of SNOMED CT, which is licensed.",
    "no.gastronet": (
        "The errors are codes of SNOMED CT, which is licensed, and by profiles of"
        " colonoscopyreport.no#0.7.4, which is not to be had here."
    ),
    "ips-nz-pj": "The errors are displays of LOINC codes, which are licensed.",
}

_FULL_URL = (
    "The example is wrong: the `fullUrl` of its third entry names another id than the resource has."
)

# Why an example of US Core has errors, by version and file.
US_CORE: dict[tuple[str, str], str] = {
    ("6.1.0", "Bundle-66c8856b-ba11-4876-8aa8-467aad8c11a2.json"): _FULL_URL,
    ("6.1.0", "Bundle-docref-example-2.json"): _FULL_URL,
}
