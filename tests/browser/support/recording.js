// What the page showed over time: its table of pods after each change of the document.

/** Begins to record. */
export function record(page) {
  return page.evaluate(() => {
    const recording = [];
    const look = () => {
      const pods = [...document.querySelectorAll('tr[data-pod]')].map(({ dataset }) => ({
        pod: dataset.pod,
        stage: dataset.stage,
        uid: dataset.uid,
      }));
      const last = recording.at(-1);
      if (JSON.stringify(pods) !== JSON.stringify(last)) recording.push(pods);
    };
    new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });
    look();
    window.recordingOfPods = recording;
  });
}

/** The tables so far, oldest first; each differs from the one before. */
export const recorded = (page) => page.evaluate(() => window.recordingOfPods);

/** The pods that a recording shows, in the order in which they came: `{ pod, uid, at, stages }`. */
export function incarnations(recording) {
  const found = new Map();
  recording.forEach((pods, at) => {
    for (const { pod, uid, stage } of pods) {
      if (stage === 'none') continue;
      const incarnation = found.get(uid) ?? { pod, uid, at, stages: [] };
      if (incarnation.stages.at(-1) !== stage) incarnation.stages.push(stage);
      found.set(uid, incarnation);
    }
  });
  return [...found.values()];
}
