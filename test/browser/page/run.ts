// Last in a page that runs unit tests: runs them, and keeps what became of them.

export interface PageResults {
  passed: string[];
  failed: string[];
}

declare global {
  var results: Promise<PageResults>;
}

globalThis.results = new Promise((resolve) => {
  const passed: string[] = [];
  const failed: string[] = [];
  mocha
    .run()
    .on('pass', (test) => passed.push(test.fullTitle()))
    .on('fail', (test, error: Error) => failed.push(`${test.fullTitle()}: ${error.stack ?? error.message}`))
    .on('end', () => resolve({ passed, failed }));
});
