//! The lines that are typed.

/// How what a line prints is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compared {
    /// Everything.
    Whole,
    /// Its last line: those before show how things went on meanwhile.
    LastLine,
    /// Everything before the events.
    WithoutEvents,
    /// Each of the demo's lines is one of the reference's, which has kinds that the demo does not have.
    Part,
    /// Nothing: it makes something ready for the next ones, and must go well.
    Not,
}

impl Compared {
    /// Whether two texts are as they should be.
    pub(crate) fn agree(self, theirs: &str, ours: &str) -> bool {
        match self {
            Self::Part => {
                ours.lines().count() > 3 && ours.lines().all(|line| theirs.lines().any(|other| line == other))
            }
            _ => theirs == ours,
        }
    }
}

/// A line.
pub(crate) struct Line {
    pub(crate) typed: &'static str,
    pub(crate) compared: Compared,
}

const fn whole(typed: &'static str) -> Line {
    Line { typed, compared: Compared::Whole }
}

const fn last(typed: &'static str) -> Line {
    Line { typed, compared: Compared::LastLine }
}

const fn eventless(typed: &'static str) -> Line {
    Line { typed, compared: Compared::WithoutEvents }
}

const fn part(typed: &'static str) -> Line {
    Line { typed, compared: Compared::Part }
}

const fn ready(typed: &'static str) -> Line {
    Line { typed, compared: Compared::Not }
}

/// The manifests that the lines name.
pub(crate) const MANIFESTS: [(&str, &str); 8] = [
    ("svc.yml", include_str!("../../manifests/svc.yaml")),
    ("statefulset.yml", include_str!("../../manifests/statefulset.yaml")),
    ("deployment.yml", include_str!("../../manifests/deployment.yaml")),
    (
        "changed.yml",
        "apiVersion: v1\nkind: Service\nmetadata: {name: nginx, labels: {app: nginx}}\n\
         spec: {ports: [{port: 8080, name: web}], clusterIP: None, selector: {app: nginx}}\n",
    ),
    (
        "typo.yml",
        "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: typo}\nspec: {serviceName: nginx, replica: 2, \
         selector: {matchLabels: {app: typo}}, template: {metadata: {labels: {app: typo}}, \
         spec: {containers: [{name: nginx, image: nginx}]}}}\n",
    ),
    (
        "mismatch.yml",
        "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: mismatch}\nspec: {serviceName: nginx, \
         selector: {matchLabels: {app: one}}, template: {metadata: {labels: {app: other}}, \
         spec: {containers: [{name: nginx, image: nginx}]}}}\n",
    ),
    (
        "nothing.yml",
        "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: Nothing_}\nspec: {serviceName: nginx, \
         selector: {matchLabels: {app: one}}, template: {metadata: {labels: {app: one}}, spec: {containers: []}}}\n",
    ),
    ("unknown.yml", "apiVersion: apps/v9\nkind: StatefulSet\nmetadata: {name: web}\n"),
];

/// The lines, in the order in which they are typed.
pub(crate) const TABLE: &[Line] = &[
    // Making it.
    whole("kubectl apply -f svc.yml -f statefulset.yml"),
    whole("kubectl apply -f deployment.yml"),
    last("kubectl rollout status statefulset web --timeout=60s"),
    last("kubectl rollout status deployment api --timeout=60s"),
    ready("sleep 2"),
    // Getting it, in all forms.
    whole("kubectl get statefulset web"),
    whole("kubectl get sts web -o wide"),
    whole("kubectl get sts -o name"),
    whole("kubectl get sts web -o yaml"),
    whole("kubectl get sts web -o json"),
    whole("kubectl get sts web -o yaml --show-managed-fields"),
    whole("kubectl get sts web -o jsonpath='{.spec.replicas} {.status.readyReplicas}'"),
    whole("kubectl get deployment api -o yaml"),
    whole("kubectl get pods -l app=nginx"),
    whole("kubectl get pods -l app=nginx -o wide"),
    whole("kubectl get pods -l app=nginx -o custom-columns=NAME:.metadata.name,PHASE:.status.phase,NO:.no"),
    whole("kubectl get pods -l app=nginx --show-labels"),
    whole("kubectl get pods -l app=nginx -L app,none"),
    whole("kubectl get pods -l app=nginx -o go-template='{{range .items}}{{.metadata.name}} {{end}}'"),
    whole("kubectl get pods -l 'app in (nginx,other),!none' -o name"),
    whole("kubectl get pods -l app=nginx --field-selector status.phase=Running -o name"),
    whole("kubectl get pods -l app=nginx --field-selector metadata.name!=web-0 -o name"),
    whole("kubectl get pods --field-selector spec.none=1"),
    whole("kubectl get pods -l 'app in nginx'"),
    whole("kubectl get pods -l app=nginx --sort-by=.metadata.name --no-headers"),
    whole("kubectl get pods -l app=nginx --chunk-size=1 -o name"),
    whole("kubectl get pods -l app=none"),
    whole("kubectl get pod web-9"),
    whole("kubectl get none"),
    whole("kubectl get services nginx"),
    whole("kubectl get service nginx -o yaml"),
    whole("kubectl get service -o wide -l app=nginx"),
    whole("kubectl get endpointslices -l kubernetes.io/service-name=nginx"),
    whole("kubectl get deployments,replicasets"),
    whole("kubectl get pods,services -l app=nginx"),
    whole("kubectl get all -l app=nginx"),
    whole("kubectl get controllerrevisions"),
    whole("kubectl get nodes -o name"),
    whole("kubectl get namespace default"),
    whole("kubectl get --raw /apis/apps/v1/namespaces/default/statefulsets/none"),
    whole("kubectl get events --field-selector involvedObject.kind=StatefulSet -o custom-columns=R:.reason,M:.message"),
    // Waiting.
    whole("kubectl wait pod/web-0 --for=condition=Ready --timeout=10s"),
    whole("kubectl wait pod -l app=nginx --for=condition=Ready --timeout=10s"),
    whole("kubectl wait pod/web-0 --for=jsonpath='{.status.phase}'=Running --timeout=10s"),
    whole("kubectl wait pod/web-9 --for=condition=Ready --timeout=1s"),
    whole("kubectl wait pod/web-0 --for=condition=None --timeout=1s"),
    // Describing and explaining.
    whole("kubectl describe statefulset web"),
    whole("kubectl describe service nginx"),
    whole("kubectl describe deployment api"),
    eventless("kubectl describe pod web-0"),
    // The kinds that stand behind that, quotas and limits, are none of the demo.
    whole("kubectl describe namespace default | head -n 4"),
    whole("kubectl describe pod web-9"),
    whole("kubectl explain statefulset"),
    // What each value means is told in the reference alone.
    part("kubectl explain sts.spec.updateStrategy"),
    whole("kubectl explain pod.spec.containers.ports --recursive"),
    whole("kubectl explain service.spec.none"),
    part("kubectl api-resources --api-group=apps --no-headers"),
    part("kubectl api-resources --namespaced=false -o name"),
    part("kubectl api-versions"),
    whole("kubectl top pods"),
    whole("kubectl top nodes"),
    // Labels and annotations.
    whole("kubectl label pod web-0 tier=front"),
    whole("kubectl label pod web-0 tier=back"),
    whole("kubectl label pod web-0 tier=back --overwrite"),
    whole("kubectl label pod web-0 tier-"),
    whole("kubectl label pod web-0 tier=-"),
    whole("kubectl label pods -l app=nginx tier=front --dry-run=server"),
    whole("kubectl annotate statefulset web note=hello"),
    whole("kubectl annotate statefulset web note-"),
    // Patches.
    whole("kubectl patch statefulset web -p '{\"spec\":{\"replicas\":2}}'"),
    whole("kubectl patch statefulset web --type=merge -p '{\"metadata\":{\"labels\":{\"a\":\"b\"}}}'"),
    whole("kubectl patch statefulset web --type=json -p '[{\"op\":\"remove\",\"path\":\"/metadata/labels/a\"}]'"),
    whole("kubectl patch statefulset web --type=json -p '[{\"op\":\"remove\",\"path\":\"/metadata/labels/z\"}]'"),
    whole("kubectl patch statefulset web --type=json -p '[{\"op\":\"test\",\"path\":\"/spec/replicas\",\"value\":9}]'"),
    whole("kubectl patch statefulset web -p '{\"spec\":{\"serviceName\":\"other\"}}'"),
    whole("kubectl patch statefulset web --type=merge -p '{\"spec\":{\"replicas\":-1}}'"),
    whole("kubectl patch statefulset web --type=merge -p '{\"spec\":{\"replicas\":\"two\"}}'"),
    whole("kubectl patch statefulset web --subresource=scale --type=merge -p '{\"spec\":{\"replicas\":3}}'"),
    whole("kubectl patch statefulset web --subresource=scale --type=merge -p '{\"spec\":{\"replicas\":2}}'"),
    whole("kubectl patch service nginx -p '{\"spec\":{\"clusterIP\":\"10.43.0.77\"}}'"),
    whole("kubectl patch pod web-0 -p '{\"metadata\":{\"labels\":{\"a\":\"not valid!\"}}}'"),
    // Applying again, and what is wrong with it.
    whole("kubectl apply -f svc.yml -f statefulset.yml"),
    whole("kubectl apply -f svc.yml --server-side"),
    whole("kubectl apply -f changed.yml --server-side --field-manager=other"),
    whole("kubectl apply -f changed.yml --dry-run=server"),
    whole("kubectl apply -f changed.yml --dry-run=server -o yaml"),
    whole("kubectl diff -f changed.yml"),
    whole("kubectl diff -f svc.yml"),
    whole("kubectl apply -f typo.yml"),
    whole("kubectl apply -f typo.yml --validate=warn --dry-run=server"),
    whole("kubectl apply -f mismatch.yml"),
    whole("kubectl apply -f nothing.yml"),
    whole("kubectl apply -f unknown.yml"),
    whole("kubectl create -f svc.yml"),
    whole("kubectl replace -f svc.yml"),
    // Scaling.
    whole("kubectl scale statefulset web --replicas=3"),
    last("kubectl rollout status statefulset web --timeout=60s"),
    whole("kubectl scale statefulset web --replicas=2 --current-replicas=9"),
    whole("kubectl scale statefulset web --replicas=2"),
    // It says something only if the pod is still there.
    ready("kubectl wait pod/web-2 --for=delete --timeout=30s"),
    whole("kubectl scale statefulset none --replicas=1"),
    whole("kubectl scale deployment api --replicas=1"),
    // Rollouts.
    whole("kubectl rollout history statefulset web"),
    whole("kubectl set image statefulset web nginx=nginx:1.27"),
    last("kubectl rollout status statefulset web --timeout=60s"),
    whole("kubectl rollout history statefulset web --revision=2"),
    whole("kubectl rollout undo statefulset web"),
    last("kubectl rollout status statefulset web --timeout=60s"),
    whole("kubectl rollout restart statefulset web"),
    last("kubectl rollout status statefulset web --timeout=60s"),
    whole("kubectl rollout pause statefulset web"),
    whole("kubectl rollout restart deployment api"),
    last("kubectl rollout status deployment api --timeout=60s"),
    whole("kubectl rollout history deployment api"),
    whole("kubectl rollout history deployment api --revision=1"),
    whole("kubectl rollout undo deployment api"),
    last("kubectl rollout status deployment api --timeout=60s"),
    whole("kubectl rollout undo deployment api --to-revision=9"),
    whole("kubectl rollout pause deployment api"),
    whole("kubectl rollout pause deployment api"),
    whole("kubectl rollout resume deployment api"),
    whole("kubectl set env statefulset web A=b --dry-run=server"),
    whole("kubectl set image statefulset web none=nginx"),
    // Deleting.
    whole("kubectl delete pod web-9"),
    whole("kubectl delete pod web-9 --ignore-not-found"),
    whole("kubectl delete pod -l app=none"),
    whole("kubectl delete pod web-1 --dry-run=server"),
    whole("kubectl delete pod web-1"),
    whole("kubectl delete pod web-0 --force"),
    last("kubectl rollout status statefulset web --timeout=60s"),
    whole("kubectl delete statefulset web --cascade=orphan"),
    whole("kubectl get pods -l app=nginx"),
    whole("kubectl delete pods -l app=nginx --wait=false"),
    whole("kubectl delete -f svc.yml -f deployment.yml"),
    whole("kubectl delete statefulsets --all"),
    whole("kubectl delete service,statefulset nginx"),
    whole("kubectl delete namespace none"),
];
