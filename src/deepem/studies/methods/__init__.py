"""The ways to find particles that studies compare, and the figures that tell how good they are."""
