"""One measure per file, each exports MEASURE."""
