"""YAML with positions, the expression sandbox and templates: the one importer of yaml and jinja2."""
