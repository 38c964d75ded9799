"""What one run of the program costs, beside other ways to get the same token. See README.md."""
