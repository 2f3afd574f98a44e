"""One rule of law or policy per file, each exports RULE."""
