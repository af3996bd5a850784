"""Operations that make an image from an image."""
