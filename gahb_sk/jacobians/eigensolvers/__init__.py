"""Leading eigenpairs of an operator from its products: one solver per file, which read its tags."""
