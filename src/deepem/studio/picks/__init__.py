"""Sets of picks: what was found, what the sliders keep of it, what the user has corrected."""
