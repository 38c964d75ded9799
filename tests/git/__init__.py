"""Plain git in later steps, with real git on both ends."""
