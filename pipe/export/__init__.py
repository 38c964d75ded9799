"""The token on its way out: variables, the env file, git's settings, standard output, a store."""
