"""What a user asks for: the one table of inputs, where their values come from, and how they are checked."""
