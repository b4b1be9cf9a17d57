"""After a restore: whatever an old backup still knows as signed in is signed out."""
