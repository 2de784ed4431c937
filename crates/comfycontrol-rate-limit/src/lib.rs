//! Tower middleware that never provokes a 429, and stays silent through a cooldown.
