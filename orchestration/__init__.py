"""What runs, when and on which resources: settings, the Dagster graph and the command line."""
