"""Native crisis records: one package per record, each exports RECORD."""
