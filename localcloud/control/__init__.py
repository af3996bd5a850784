"""The cloud as its person steers it: sessions of a lab, and the paths by which commands reach the server."""
