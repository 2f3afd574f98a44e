"""The authorization server over real HTTP, with people and their browsers."""
