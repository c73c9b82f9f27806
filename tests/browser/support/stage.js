// What most test files need: a control plane, Berth on it, and a browser, for all tests of the file.
import { after, before } from 'node:test';
import { startBerth } from './berth.js';
import { launchBrowser } from './browser.js';
import { startControlPlane } from './control-plane.js';

/**
 * The stage of a file: `{ cluster, berth, browser }`, there when the tests begin and gone when they are over. `prepare`
 * puts on it what all tests of the file need; `flags` are Berth's.
 */
export function stage({ prepare = async () => {}, flags = () => [] } = {}) {
  const stage = {};
  before(async () => {
    stage.cluster = await startControlPlane();
    stage.browser = await launchBrowser();
    stage.berth = await startBerth({ kubeconfig: stage.cluster.kubeconfig, flags: flags(stage) });
    await stage.berth.ready();
    await prepare(stage);
  });
  after(async () => {
    await stage.berth?.stop();
    await stage.browser?.close();
    await stage.cluster?.stop();
  });
  return stage;
}
