"""What every page shares: cookies, form tokens, who is looking."""
