"""The online application: what a release holds, and answers made from it."""
