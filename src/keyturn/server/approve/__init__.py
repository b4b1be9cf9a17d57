"""Deciding about a program that asks to sign in."""
