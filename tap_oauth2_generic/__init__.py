"""Singer tap for any OAuth2-protected REST API, by configuration alone."""
