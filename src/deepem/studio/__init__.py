"""DeepEM Studio: look, label, train, correct, pick and hand over in the browser."""
