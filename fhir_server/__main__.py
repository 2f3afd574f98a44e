"""`python -m fhir_server` is the command `handoff`."""

from fhir_server.cli.main import main

main()
