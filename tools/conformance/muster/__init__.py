"""A client for Muster, which uses nothing of ours but contracts/. Standard library only."""
