"""Secrets, and all text that is printed or that came from outside: nothing shows a secret."""
