"""Values estimated from a public log of two policies, beside what each really earned."""
