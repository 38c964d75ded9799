"""What the program is compared with. Installed beside it, and started in the same way."""
