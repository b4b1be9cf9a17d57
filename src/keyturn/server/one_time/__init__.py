"""Codes that are handed out once and work once, whatever they are for."""
