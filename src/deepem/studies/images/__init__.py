"""Boxes of particles looked at: averages, views, eigenimages, and how they are drawn."""
