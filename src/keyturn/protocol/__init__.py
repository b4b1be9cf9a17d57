"""Pure protocol: requests, replies and decisions as plain values. No I/O below here."""
