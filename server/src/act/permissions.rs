//! What Berth's credentials may do: each right is asked for by a `SelfSubjectAccessReview`.

use futures::future::try_join_all;
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec};
use kube::api::{Api, PostParams};
use kube::{Client, Error};
use topology::action::Ability;

use super::Playground;

/// A right: verb, API group, resource, subresource.
type Right = (&'static str, &'static str, &'static str, &'static str);

/// The abilities with the rights that each one takes.
const NEEDS: [(Ability, &[Right]); 5] = [
    (Ability::DeletePods, &[("delete", "", "pods", "")]),
    (Ability::Scale, &[("patch", "apps", "statefulsets", "scale")]),
    (Ability::ChangeTemplate, &[("get", "apps", "statefulsets", ""), ("patch", "apps", "statefulsets", "")]),
    (Ability::SetReady, &[("patch", "", "pods", "")]),
    (
        Ability::Apply,
        &[
            ("create", "", "services", ""),
            ("patch", "", "services", ""),
            ("create", "apps", "statefulsets", ""),
            ("patch", "apps", "statefulsets", ""),
        ],
    ),
];

/// What may be done in a namespace, sorted.
///
/// # Errors
/// When the API cannot be asked.
pub(super) async fn abilities(client: &Client, namespace: &str, playground: Playground) -> Result<Vec<Ability>, Error> {
    let possible = NEEDS.iter().filter(|(ability, _)| *ability != Ability::SetReady || playground == Playground::Demo);
    let asked = possible.map(|(ability, rights)| async move {
        let granted = try_join_all(rights.iter().map(|right| may(client, namespace, *right))).await?;
        Ok::<_, Error>(granted.into_iter().all(|granted| granted).then_some(*ability))
    });
    Ok(try_join_all(asked).await?.into_iter().flatten().collect())
}

async fn may(client: &Client, namespace: &str, (verb, group, resource, subresource): Right) -> Result<bool, Error> {
    let named = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let attributes = ResourceAttributes {
        namespace: named(namespace),
        verb: named(verb),
        group: named(group),
        resource: named(resource),
        subresource: named(subresource),
        ..ResourceAttributes::default()
    };
    let spec = SelfSubjectAccessReviewSpec { resource_attributes: Some(attributes), ..Default::default() };
    let review = SelfSubjectAccessReview { spec, ..Default::default() };
    let answer = Api::all(client.clone()).create(&PostParams::default(), &review).await?;
    Ok(answer
        .status
        .is_some_and(|status: k8s_openapi::api::authorization::v1::SubjectAccessReviewStatus| status.allowed))
}
