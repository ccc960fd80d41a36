"""Speed of the online application, beside other ways to look the same lists up."""
