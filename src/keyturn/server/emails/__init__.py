"""Mails that a project's server asks for, and what became of each."""
