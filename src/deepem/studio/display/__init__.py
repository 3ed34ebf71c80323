"""What the eye gets of a micrograph: binned, filtered, with contrast, as JPEG."""
