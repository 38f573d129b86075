"""What others have written about an API, read as settings: curl lines, documents."""
