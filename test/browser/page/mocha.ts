// First in a page that runs unit tests: gives them describe and it.
mocha.setup({ ui: 'bdd', reporter: Mocha.reporters.Base, timeout: 20_000, forbidOnly: true, forbidPending: true });
