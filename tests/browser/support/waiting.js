// Waiting for something to be so. Nothing here hopes that a certain time is enough: it looks until it is so, and says
// what was missing when it never came.
import { setTimeout as delay } from 'node:timers/promises';

/** How long anything may take, on a slow machine with other things to do. */
export const PATIENCE = 30_000;
const PAUSE = 40;

/**
 * Runs `probe` until it throws no more, and gives what it returns. Each probe looks afresh: an assertion in it says what
 * must come to hold.
 */
export async function eventually(what, probe, patience = PATIENCE) {
  const deadline = performance.now() + patience;
  for (;;) {
    try {
      return await probe();
    } catch (error) {
      if (performance.now() > deadline) {
        throw new Error(`not within ${patience / 1000} s: ${what}\n${error.message}`, { cause: error });
      }
    }
    await delay(PAUSE);
  }
}

/** What a promise gives, if that is in time. */
export async function inTime(what, promise, patience = PATIENCE) {
  const late = new AbortController();
  const timeout = delay(patience, undefined, { signal: late.signal }).then(() => {
    throw new Error(`not within ${patience / 1000} s: ${what}`);
  });
  timeout.catch(() => {}); // when the promise was first
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    late.abort();
  }
}
