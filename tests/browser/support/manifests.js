// The walk-through's Service and StatefulSet, with what a test wants otherwise.

const LABELS = { app: 'nginx' };

/** A Service; headless unless `spec` says otherwise. */
export function service({ name = 'nginx', ...spec } = {}) {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, labels: LABELS },
    spec: { clusterIP: 'None', selector: LABELS, ports: [{ port: 80, name: 'web' }], ...spec },
  };
}

/** A StatefulSet of two pods. */
export function statefulSet({ name = 'web', labels = LABELS, image = 'nginx:1.9.1', ...spec } = {}) {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name },
    spec: {
      serviceName: 'nginx',
      replicas: 2,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { terminationGracePeriodSeconds: 10, containers: [container(image)] } },
      ...spec,
    },
  };
}

/** A pod that no controller made. */
export function pod({ name, labels = LABELS, ...metadata }) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels, ...metadata },
    spec: { containers: [container()] },
  };
}

function container(image = 'nginx:1.9.1') {
  return { name: 'nginx', image, ports: [{ containerPort: 80, name: 'web' }] };
}
