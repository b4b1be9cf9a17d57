"""The second factor: codes that a clock and a shared secret make (TOTP)."""
