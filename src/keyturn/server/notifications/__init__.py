"""What users want to be mailed about."""
