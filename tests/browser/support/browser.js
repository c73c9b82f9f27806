// Chromium, and pages in it that must not complain.
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';
import { setting } from './processes.js';

const FLAGS = [
  '--no-sandbox', // tests run as root in containers
  '--disable-gpu',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const DESKTOP = { width: 1440, height: 900 };

export function launchBrowser() {
  return chromium.launch({ executablePath: setting('CHROMIUM'), args: FLAGS });
}

/** How Chromium words it that a page without JavaScript gets no scripts. */
const NO_SCRIPTS = /^request failed: .*\.js: csp$/;

/**
 * Opens an address in a browser context of its own and hands the page to `use`. Fails when anything on it complained: a
 * line of the console, an uncaught error, a violation of the content security policy, a request that failed. `expected`
 * are patterns of complaints that belong to what the test does, such as a server that it stops.
 */
export async function onPage(browser, address, options, use) {
  const { expected = [], javaScript = true, viewport = DESKTOP, ...further } = options;
  const context = await browser.newContext({ javaScriptEnabled: javaScript, viewport, ...further });
  try {
    const page = await context.newPage();
    const complaints = collectComplaints(page);
    await page.goto(address);
    const result = await use(page);
    const allowed = javaScript ? expected : [...expected, NO_SCRIPTS];
    const unexpected = complaints.filter((complaint) => !allowed.some((pattern) => pattern.test(complaint)));
    assert.deepEqual(unexpected, [], 'the page complained');
    return result;
  } finally {
    await context.close();
  }
}

/** Everything that is wrong with a page, in words, as it happens. */
export function collectComplaints(page) {
  const complaints = [];
  page.on('console', (message) => {
    if (['error', 'warning', 'assert'].includes(message.type())) {
      complaints.push(`console ${message.type()}: ${message.text()} (${message.location().url})`);
    }
  });
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
  page.on('requestfailed', (request) => {
    // What a page asks for while it is left for another is given up by the browser.
    if (request.resourceType() === 'fetch' && request.failure()?.errorText === 'net::ERR_ABORTED') return;
    complaints.push(`request failed: ${request.url()}: ${request.failure()?.errorText}`);
  });
  page.on('crash', () => complaints.push('the page crashed'));
  return complaints;
}
