"""Items and products of a project's customers. No payment provider: servers grant what is owned."""
