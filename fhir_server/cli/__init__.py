"""The `handoff` command: one file per command, each exports COMMAND."""
