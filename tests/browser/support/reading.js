// What the page shows, read off the attributes that it carries for scripts.
import assert from 'node:assert/strict';
import { eventually } from './waiting.js';

/** Whether what is shown is live, and what it says about that. */
export const liveness = (page) =>
  page.$eval('.page', (root) => ({
    live: root.dataset.live,
    revision: Number(root.dataset.revision),
    words: root.querySelector('.live b').textContent,
  }));

/** The table of pods: a row for each identity, in order. */
export const podRows = (page) =>
  page.$$eval('tr[data-pod]', (rows) =>
    rows.map((row) => {
      const cells = [...row.querySelectorAll('td[data-column]')];
      const columns = cells.map((cell) => [cell.dataset.column, cell.textContent.trim()]);
      return { ...Object.fromEntries(columns), pod: row.dataset.pod, stage: row.dataset.stage, uid: row.dataset.uid };
    }),
  );

/** The lanes, in order: the blocks of each, oldest first, and the steps of the controller whose arrows lead into it. */
export const lanes = (page) =>
  page.$$eval('g.lane', (lanes) =>
    lanes.map((lane) => ({
      lane: lane.dataset.lane,
      blocks: [...lane.querySelectorAll('g.block')].map((block) => ({
        uid: block.dataset.uid,
        number: Number(block.dataset.number),
        ended: block.dataset.ended === 'true',
        stages: [...block.querySelectorAll('rect.piece')].map((piece) => piece.dataset.stage),
      })),
      arrows: [...lane.querySelectorAll('g.arrow')].map((arrow) => arrow.dataset.step),
    })),
  );

/** The names beside the lanes, each with its name in DNS. */
export const identities = (page) =>
  page.$$eval('g.identity', (identities) =>
    identities.map((identity) => ({
      name: identity.dataset.identity,
      dns: identity.querySelector('.dns')?.textContent,
    })),
  );

/** The why line. */
export const why = (page) =>
  page.$eval('.why', (line) => ({
    reason: line.dataset.reason,
    tone: line.dataset.tone,
    text: line.textContent.trim(),
  }));

/** The Services, each with whom it reaches and how. */
export const services = (page) =>
  page.$$eval('.service', (services) =>
    services.map((service) => ({
      service: service.dataset.service,
      text: service.textContent.trim(),
      reaches: Object.fromEntries(
        [...service.querySelectorAll('.reach')].map((reach) => [reach.dataset.pod, reach.dataset.reach]),
      ),
    })),
  );

/** The chip that says which Service the pods' names are under. */
export const governingService = (page) => page.textContent('[data-chip="service"]');

/** The rail, in order. */
export const rail = (page) =>
  page.$$eval('.rail a.row[data-set]', (rows) =>
    rows.map((row) => ({
      set: row.dataset.set,
      attention: row.dataset.attention,
      current: row.getAttribute('aria-current') === 'page',
      dots: [...row.querySelectorAll('[data-stage]')].map((dot) => dot.dataset.stage),
    })),
  );

/** The Deployments in the rail, below "For contrast". */
export const contrast = (page) =>
  page.$$eval('.rail a.row[data-deployment]', (rows) =>
    rows.map((row) => ({
      deployment: row.dataset.deployment,
      text: row.querySelector('small').textContent.trim(),
      dots: [...row.querySelectorAll('[data-stage]')].map((dot) => dot.dataset.stage),
    })),
  );

/** What DNS serves: a row for each name and type. */
export const records = (page) =>
  page.$$eval('.names tr[data-record]', (rows) =>
    rows.map((row) => {
      const texts = (selector) => [...row.querySelectorAll(selector)].map((item) => item.textContent.trim());
      const said = row.querySelector('td.said');
      return {
        service: row.closest('tbody').dataset.service,
        name: row.dataset.record,
        type: row.dataset.type,
        outcome: row.dataset.outcome,
        ttl: row.cells[2].textContent.trim(),
        answers: texts('.answer .now'),
        former: texts('.answer s'),
        text: row.querySelector('.answer').textContent,
        said: said.dataset.said,
        verdict: said.textContent.trim(),
        command: row.querySelector('button').title,
      };
    }),
  );

/** The notices above everything else. */
export const notices = (page) =>
  page.$$eval('.notice[data-notice]', (notices) =>
    notices.map((notice) => ({
      notice: notice.dataset.notice,
      resource: notice.dataset.resource,
      text: notice.textContent.trim(),
    })),
  );

/** Pods that only look like the StatefulSet's. */
export const strangers = (page) =>
  page.$$eval('[data-stranger]', (rows) =>
    rows.map((row) => ({ pod: row.dataset.stranger, text: [...row.cells].map((cell) => cell.textContent.trim()) })),
  );

/** Waits until the page is in a state: `live`, `lost`, `broken`, `starting` or `opening`. */
export const becomes = (page, live) =>
  eventually(`the page is ${live}`, async () => {
    const found = await liveness(page);
    assert.equal(found.live, live);
    return found;
  });

/** Waits until the controller does or waits for `reason`, as the page says; gives the why line. */
export const explains = (page, reason) =>
  eventually(`the page says ${reason}`, async () => {
    const line = await why(page);
    assert.equal(line.reason, reason, line.text);
    return line;
  });

/** Waits until all wanted pods are Ready, as the page says; gives the table. */
export async function settles(page, pods) {
  return eventually(`${pods} pods are Ready`, async () => {
    const rows = await podRows(page);
    const ready = rows.filter(({ stage }) => stage === 'ready');
    assert.equal(ready.length, pods, rows.map(({ pod, stage }) => `${pod} ${stage}`).join(', '));
    assert.equal((await why(page)).reason, pods > 0 ? 'Settled' : 'ScaledToZero');
    return rows;
  });
}

/**
 * Waits until the table shows what kubectl says of the pods: its own columns to the letter, and UID, address and node as
 * in the objects. Both are read anew each time, as ages and restarts count on.
 */
export function agrees(page, kubectl) {
  return eventually('the page shows what kubectl says', async () => {
    const [objects, printed] = [await kubectl.pods(), await kubectl.podTable()];
    const rows = await podRows(page);
    const shown = rows.filter(({ stage }) => stage !== 'none');
    assert.deepEqual(
      shown.map(({ pod, ready, status, restarts }) => ({
        NAME: pod,
        READY: ready,
        STATUS: status,
        RESTARTS: restarts,
      })),
      printed.map(({ NAME, READY, STATUS, RESTARTS }) => ({ NAME, READY, STATUS, RESTARTS })),
    );
    assert.deepEqual(
      shown.map(({ pod, uid, ip, node }) => ({ pod, uid, ip, node })),
      objects.map(({ metadata, spec, status }) => ({
        pod: metadata.name,
        uid: metadata.uid,
        ip: status.podIPs?.map(({ ip }) => ip).join(' ') ?? '<none>',
        node: spec.nodeName ?? '<none>',
      })),
    );
    return rows;
  });
}

/** What came of the action that was just confirmed: told beside the page once the dialog is closed. It is dismissed. */
export async function toldBeside(page) {
  const toast = page.locator('.toast');
  await toast.locator('.told').waitFor();
  const told = await toast.locator('.told').textContent();
  assert.equal(await page.locator('dialog.ask').isVisible(), false, 'the dialog gives way to the show');
  await toast.getByLabel('Dismiss').click();
  await eventually('it is dismissed', async () => assert.equal(await toast.textContent(), ''));
  return told.trim();
}
