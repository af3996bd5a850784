"""The fleet that scales by itself: launch templates, Auto Scaling groups, their alarm, and how they end."""
