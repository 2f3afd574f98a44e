"""The gate: every byte of health data leaves, and every change enters, through `Repository`."""
