"""Still pictures whose layouts Pillow does not all read right, or refuses without their name."""
