"""One search parameter type per file. https://hl7.org/fhir/R4/search.html#ptypes ."""
