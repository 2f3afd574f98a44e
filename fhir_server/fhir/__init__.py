"""The kernel: knows FHIR R4 and nothing else."""
