"""One package per kind of native record, each exports RECORD."""
