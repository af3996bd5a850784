"""The page for people with a browser: its HTML, its parts, and what it shows without JavaScript."""
