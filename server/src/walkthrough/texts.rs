//! What the walk-through says, in each language.

use app::language::Language;

use super::steps::Step;

/// The titles of the two chapters.
pub(super) const fn chapters(language: Language) -> [&'static str; 2] {
    match language {
        Language::English => ["Names stay, addresses change", "What else happens to them"],
        Language::Chinese => ["名字不变，地址会变", "还会发生什么"],
    }
}

/// The title of a step, and what happens in it and why.
pub const fn text(step: Step, language: Language) -> (&'static str, &'static str) {
    match language {
        Language::English => english(step),
        Language::Chinese => chinese(step),
    }
}

const fn english(step: Step) -> (&'static str, &'static str) {
    match step {
        Step::Make => (
            "Make a headless Service and a StatefulSet",
            "The Service has no address of its own (clusterIP: None): its name leads to the pods themselves. The \
             StatefulSet names it, so that every pod gets a name under it.",
        ),
        Step::Order => (
            "See web-0 become Ready before web-1 is created",
            "Pods start one by one, in the order of their numbers, so that each may rely on those before it.",
        ),
        Step::Hostnames => (
            "Each pod's hostname is its name",
            "The hostname comes from the identity, not from the pod that holds it: it is the first thing that stays.",
        ),
        Step::Resolve => (
            "Ask DNS for each name",
            "POD.SERVICE leads to one pod. web-0.nginx is short for web-0.nginx.default.svc.cluster.local. At the prompt \
             of the first command, type the others.",
        ),
        Step::Delete => (
            "Delete both pods and watch",
            "The controller sees that identities are empty and fills them again, in order: first web-0, and web-1 only \
             when web-0 is Ready.",
        ),
        Step::Return => (
            "Same names, same records, new addresses",
            "The names and their DNS records are the state that is kept. The addresses are not: whoever remembered one \
             talks to nobody now, or to somebody else.",
        ),
        Step::Contrast => (
            "The same with a Deployment: names do not return",
            "A Deployment's pods are all alike. New ones come at once, in no order, under names that never were and never \
             come back.",
        ),
        Step::ScaleUp => (
            "Scale up: one by one, in order",
            "web-2 is created when web-1 is Ready, web-3 when web-2 is. Each gets its own name in DNS as soon as it is \
             Ready.",
        ),
        Step::ScaleDown => (
            "Scale down: the highest number first",
            "The last one leaves first, and the next one only when it is gone. What was kept in volumes stays for when \
             the identity returns.",
        ),
        Step::Partition => (
            "Update only a part",
            "A rolling update goes from the highest number down and stops at the partition: web-1 gets the new image, \
             web-0 keeps the old one.",
        ),
        Step::Finish => (
            "Let the update go on",
            "Without the partition web-0 is replaced as well; the update revision becomes the current one.",
        ),
        Step::Break => (
            "Roll out a broken image",
            "The image cannot be pulled, so web-1 never becomes Ready, and the rollout waits for it before it touches \
             web-0: half of the set still serves.",
        ),
        Step::Mend => (
            "Get out of it",
            "Mending the template is not enough: the controller waits for the broken pod to become Ready, which it never \
             will. Delete that pod, and it comes back with the mended template.",
        ),
        Step::NotReady => (
            "A pod that is not Ready leaves DNS",
            "It runs on, under the same name and address, but its name is not answered any more: clients are kept away \
             from it.",
        ),
        Step::Publish => (
            "Publish addresses that are not Ready",
            "Members of a cluster must find each other before they are Ready. publishNotReadyAddresses keeps their names \
             in DNS, also for clients that should not come yet.",
        ),
        Step::Restore => ("Set it right again", "web-0 becomes Ready, and DNS serves what is Ready only."),
        Step::Parallel => (
            "Do without the order",
            "With podManagementPolicy: Parallel all pods are created at once; the names stay just the same. It is for \
             sets whose members do not need each other to start.",
        ),
    }
}

const fn chinese(step: Step) -> (&'static str, &'static str) {
    match step {
        Step::Make => (
            "创建一个 Headless Service 和一个 StatefulSet",
            "这个 Service 没有自己的地址（clusterIP: None）：它的名字直接指向 Pod。StatefulSet 引用它，因此每个 Pod \
             都在它之下得到一个名字。",
        ),
        Step::Order => {
            ("看 web-0 先就绪，web-1 才被创建", "Pod 按编号顺序逐个启动，这样后面的 Pod 可以依赖前面的 Pod。")
        }
        Step::Hostnames => (
            "每个 Pod 的主机名就是它的名字",
            "主机名来自身份，而不是来自此刻占用这个身份的 Pod：这是第一个保持不变的东西。",
        ),
        Step::Resolve => (
            "向 DNS 查询每个名字",
            "“Pod 名.Service 名”指向一个 Pod。web-0.nginx 是 web-0.nginx.default.svc.cluster.local \
             的简写。先运行第一条命令，再在它的提示符下输入其余两条。",
        ),
        Step::Delete => (
            "删除两个 Pod，然后观察",
            "控制器发现身份空了，就按顺序重新填补：先是 web-0，等 web-0 就绪之后才是 web-1。",
        ),
        Step::Return => (
            "名字相同，记录相同，地址是新的",
            "名字和它们的 DNS 记录是被保留的状态，地址不是：谁记住了旧地址，现在要么找不到任何 Pod，要么找到了别的 Pod。",
        ),
        Step::Contrast => (
            "用 Deployment 做同样的事：名字不会回来",
            "Deployment 的 Pod 彼此没有区别。新的 Pod 立刻出现，没有顺序，名字是全新的，旧名字不再出现。",
        ),
        Step::ScaleUp => (
            "扩容：按顺序逐个增加",
            "web-1 就绪后才创建 web-2，web-2 就绪后才创建 web-3。每个 Pod 一就绪，它的名字就出现在 DNS 中。",
        ),
        Step::ScaleDown => {
            ("缩容：编号最大的先走", "最后一个先离开，等它完全消失，下一个才离开。卷里保存的数据留着，等这个身份回来。")
        }
        Step::Partition => {
            ("只更新一部分", "滚动更新从最大的编号往下进行，到 partition 为止：web-1 得到新镜像，web-0 保留旧镜像。")
        }
        Step::Finish => ("让更新继续", "去掉 partition 之后 web-0 也被替换；更新版本成为当前版本。"),
        Step::Break => (
            "发布一个坏镜像",
            "镜像拉不下来，web-1 永远不会就绪；滚动更新在碰 web-0 之前一直等它：一半的 Pod 仍在服务。",
        ),
        Step::Mend => (
            "怎样摆脱它",
            "只修好模板还不够：控制器在等那个坏 Pod 就绪，而它永远不会就绪。删除这个 Pod，它就会按修好的模板回来。",
        ),
        Step::NotReady => (
            "没有就绪的 Pod 会离开 DNS",
            "它继续运行，名字和地址都没变，但它的名字不再被解析：客户端不会被引到它那里。",
        ),
        Step::Publish => (
            "公布尚未就绪的地址",
            "集群成员在就绪之前就必须互相找到。publishNotReadyAddresses 让它们的名字留在 DNS \
             中，对还不该来的客户端也是如此。",
        ),
        Step::Restore => ("恢复原状", "web-0 重新就绪，DNS 只提供就绪的 Pod。"),
        Step::Parallel => (
            "不要顺序",
            "使用 podManagementPolicy: Parallel 时所有 Pod 同时创建；名字同样不变。适合启动时互不依赖的成员。",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_every_step_when_told_then_both_languages_have_words_of_their_own() {
        for step in Step::all() {
            let (english, chinese) = (text(step, Language::English), text(step, Language::Chinese));
            assert!(!english.0.is_empty() && !english.1.is_empty());
            assert_ne!(english, chinese);
            let is_chinese = |text: &str| text.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter));
            assert!(is_chinese(chinese.0) && is_chinese(chinese.1) && !is_chinese(english.1), "{step:?}");
        }
    }
}
