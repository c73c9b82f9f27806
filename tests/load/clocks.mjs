// Node's clock and a page's. Both count from an origin of their own that was read off the system's clock once, so they
// may stand apart and drift.

/** Node's time in milliseconds since the epoch, in fractions. */
export const now = () => performance.timeOrigin + performance.now();

/** How far a page's clock is ahead of Node's, by the quickest of many questions: `{ ahead, uncertainty }`. */
export async function skew(page, questions = 100) {
  let best = { ahead: 0, uncertainty: Infinity };
  for (let at = 0; at < questions; at += 1) {
    const asked = now();
    const there = await page.evaluate(() => performance.timeOrigin + performance.now());
    const answered = now();
    const uncertainty = (answered - asked) / 2;
    if (uncertainty < best.uncertainty) best = { ahead: there - (asked + answered) / 2, uncertainty };
  }
  return best;
}
