"""Who did what to whose record: contexts and actions to AuditEvents. Pure."""
