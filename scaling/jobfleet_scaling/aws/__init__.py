"""The scaler's calls to AWS: clients that are made when first needed, errors, and the metadata service."""
