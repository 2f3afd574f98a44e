"""Why a verdict of ours is not that of the reference validator, by case."""

REASONS: dict[str, str] = {}
