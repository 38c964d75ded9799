"""The edge: the only place that reads the environment and the command line, prints, and ends the program."""
