"""The generator of crisis histories; it writes through intake."""
