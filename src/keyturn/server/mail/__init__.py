"""Mail: SMTP, or the outbox folder."""
