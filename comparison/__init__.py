"""`make compare`: this tap and others read the same APIs; what each delivers is counted."""
