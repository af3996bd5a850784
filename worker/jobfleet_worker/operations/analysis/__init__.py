"""Operations that tell something about an image."""
