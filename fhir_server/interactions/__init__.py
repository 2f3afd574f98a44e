"""One file per section of https://hl7.org/fhir/R4/http.html ."""
