"""The large libraries behind optional operations: Tesseract and ONNX models."""
