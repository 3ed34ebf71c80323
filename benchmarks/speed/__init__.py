"""How fast picking is, a part a file: each part is measured alone, and put on one page at last."""
