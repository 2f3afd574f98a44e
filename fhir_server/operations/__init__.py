"""One file per $operation, each exports OPERATION."""
