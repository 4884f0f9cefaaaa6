"""A headless browser that tests and the documents look at pages with, by the Chrome DevTools Protocol."""
