"""Why a verdict of ours is not that of the reference validator, by case."""

REASONS: dict[str, str] = {}

# Why an example of US Core has errors, by version and file.
US_CORE: dict[tuple[str, str], str] = {}
