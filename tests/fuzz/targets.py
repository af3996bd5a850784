"""All targets of the fuzzer, each by its module: only a child imports what it needs."""

TARGETS = {
    "numbers": "tests.fuzz.numbers.target:NUMBERS",
    "documents": "tests.fuzz.documents.target:DOCUMENTS",
    "messages": "tests.fuzz.messages.target:MESSAGES",
    "images": "tests.fuzz.images.target:IMAGES",
}
