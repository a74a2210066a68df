"""Papers: one folder each (printed numbers, specification of cells, assumptions, tables and figures)."""
