"""The tests, folder for folder as the source. Helpers that tests share are modules here, imported as `tests.name`."""
