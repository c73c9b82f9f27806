// Single changes: each a patch of one pod's status that changes one column which kubectl prints.

const container = '/status/containerStatuses/0';

/** The kinds of changes: the column, and for the n-th change what it becomes and how. */
const KINDS = [
  {
    column: 'restarts',
    becomes: (n) => String(n),
    patch: (n) => [{ op: 'replace', path: `${container}/restartCount`, value: n }],
  },
  {
    column: 'status',
    becomes: (n) => `Reason${n}`,
    patch: (n) => [{ op: 'add', path: '/status/reason', value: `Reason${n}` }],
  },
  {
    column: 'ready',
    becomes: (n) => (isReady(n) ? '1/1' : '0/1'),
    patch: (n) => [{ op: 'replace', path: `${container}/ready`, value: isReady(n) }],
  },
];

/**
 * `count` changes of pods that run and are ready: over all pods in turn, and for each pod over all kinds in turn, so
 * that each change differs from what the pod had.
 */
export function changes(pods, count) {
  return Array.from({ length: count }, (_, at) => {
    const round = Math.floor(at / pods.length);
    const { column, becomes, patch } = KINDS[round % KINDS.length];
    const n = column === 'ready' ? Math.floor(round / KINDS.length) : at + 1;
    return { pod: pods[at % pods.length], column, text: becomes(n), patch: patch(n) };
  });
}

const isReady = (n) => n % 2 === 1; // the pods begin ready
