"""Invitations to teams: mailed, listed, accepted, taken back."""
