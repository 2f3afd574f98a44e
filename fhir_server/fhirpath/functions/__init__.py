"""The functions of FHIRPath: a module for each section, each with its `FUNCTIONS`."""
