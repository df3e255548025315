"""A client for Muster, written from contracts/ alone. Standard library only."""
