"""What stands in a server's way, and what to do about it. Looks, and changes nothing."""
