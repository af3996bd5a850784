"""Permissions in docs/policies that a recorded run does not need each time, with when they are needed.

docs/policies/README.md lists them.
"""

from jobfleet_jobs.protocol.names import (
    IMAGE_OFFERS,
    SCALING_CONFIGURATION_KEY,
    SCALING_STATE_KEY,
    STACK_TAG,
    WEB_ACCESS_KEY,
)

from tests.policies import Condition, Rare

_BUCKET = "arn:aws:s3:::${stack}-${account}-${region}"
_EC2 = "arn:aws:ec2:${region}:${account}"
_SQS = "arn:aws:sqs:${region}:${account}:${stack}"
_OURS: Condition = ((f"aws:ResourceTag/{STACK_TAG}", ("${stack}",)),)
_GROUPS = "arn:aws:autoscaling:${region}:${account}:autoScalingGroup:*:autoScalingGroupName/${stack}-*"
_TEMPLATES = (f"{_EC2}:launch-template/*",)
_AS_ITS_TEMPLATE_SAYS = (
    "arn:aws:ec2:${region}::image/*",
    f"{_EC2}:key-pair/${{stack}}",
    *(f"{_EC2}:{kind}/*" for kind in ("instance", "security-group", "volume")),
)
# No template names these: EC2 takes those of the default network.
_OF_NO_TEMPLATE = tuple(f"{_EC2}:{kind}/*" for kind in ("network-interface", "subnet"))
_FROM_TEMPLATE: Condition = (("ec2:IsLaunchTemplateResource", ("true",)),)
_BY_LAUNCH: Condition = (
    (f"aws:RequestTag/{STACK_TAG}", ("${stack}",)),
    ("ec2:CreateAction", ("RunInstances",)),
)
_TO_EC2: Condition = (("iam:PassedToService", ("ec2.amazonaws.com",)),)
_QUEUES = tuple(f"{_SQS}-{queue}" for queue in ("dead", "requests", "responses"))

DEPLOYER = (
    Rare("RareStopAndStart", ("ec2:StartInstances", "ec2:StopInstances"), (f"{_EC2}:instance/*",),
         "`playbooks/stop.yml`, and a start after it or after a lab's session", _OURS),
    Rare("RareProfileIsThere", ("iam:GetInstanceProfile",),
         ("arn:aws:iam::${account}:instance-profile/LabInstanceProfile",),
         "`worker_credentials: instance_profile`"),
    Rare("RareProfileIsGiven", ("ec2:AssociateIamInstanceProfile",), (f"{_EC2}:instance/*",),
         "the same, to instances that run already", _OURS),
    Rare("RareRoleIsPassed", ("iam:PassRole",), ("arn:aws:iam::${account}:role/LabRole",),
         "the same; only EC2 can get the role",
         (("iam:PassedToService", ("ec2.amazonaws.com",)),)),
    Rare("RareOtherCredits", ("ec2:ModifyInstanceCreditSpecification",), (f"{_EC2}:instance/*",),
         "instances that run have other CPU credits than `instances_cpu_credits` says", _OURS),
    Rare("RareGoneWorkers", ("s3:DeleteObject",), (f"{_BUCKET}/workers/*",),
         "an instance is gone and its worker's heartbeat still there"),
    Rare("RareZones", ("ec2:DescribeAvailabilityZones",), ("*",),
         "a group of instances that names its `zone`", (("ec2:Region", ("${region}",)),)),
    Rare("RareDefaultNetwork", ("ec2:CreateSecurityGroup",), (f"{_EC2}:vpc/*",),
         "AWS may check the network, which the call does not name"),
    Rare("RareMendedRules",
         ("ec2:CreateTags", "ec2:DeleteTags", "ec2:RevokeSecurityGroupIngress",
          "ec2:UpdateSecurityGroupRuleDescriptionsEgress", "ec2:UpdateSecurityGroupRuleDescriptionsIngress"),
         (f"{_EC2}:security-group/*",),
         "the caller's address, or a rule or tag of the security group, has changed", _OURS),
    Rare("RareMendedTags", ("sqs:UntagQueue",), _QUEUES, "somebody added a tag to a queue"),
    Rare("RareUnfinishedUploads", ("s3:AbortMultipartUpload",), (f"{_BUCKET}/*",),
         "a teardown after an upload that was never finished"),
    Rare("RareWebToken", ("s3:DeleteObject", "s3:PutObject"), (f"{_BUCKET}/{WEB_ACCESS_KEY}",),
         "the page (`web_count`, `web_on_workers`) gets its token, or goes with it"),
)  # fmt: skip

WORKER = (
    Rare("RareLongJobs", ("sqs:ChangeMessageVisibility",), (f"{_SQS}-requests",),
         "a job that takes longer than a third of its visibility timeout, or is handed back"),
    Rare("RareSecondAttempts", ("s3:GetObject",), (f"{_BUCKET}/results/*",),
         "a request comes again: is its result stored?"),
    Rare("RareMissingObjects", ("s3:ListBucket",), (_BUCKET,),
         "the same, and inputs that are gone: without it S3 says 403 instead of 404"),
    Rare("RareIdleQueue", ("sqs:GetQueueAttributes",), (f"{_SQS}-requests",),
         "`idle_stop_minutes`: is the queue empty? How often may it give out a request?"),
    Rare("RareIdleWorker", ("s3:GetObject",), (f"{_BUCKET}/workers/*",),
         "the same: how long has the worker been idle? And what do other workers do?"),
    Rare("RareSeveralEvents", ("sqs:SendMessage",), (f"{_SQS}-requests",),
         "S3 sends several events in one message: each gets a message of its own; or a job is passed on"),
    Rare("RareOutputIsThere", ("s3:GetObject",), (f"{_BUCKET}/outputs/*",),
         "a request comes again: does its output carry its result? Or a dropped file has an output's name"),
    Rare("RareDropIsKept", ("s3:PutObject", "s3:PutObjectTagging"), (f"{_BUCKET}/processed/*",),
         "`worker_drop_processed: move`"),
    Rare("RareDropIsTaken", ("s3:DeleteObject",), (f"{_BUCKET}/incoming/*",), "the same"),
)  # fmt: skip

CLIENT = (
    Rare("RareWeb", ("s3:GetObject",), (f"{_BUCKET}/{WEB_ACCESS_KEY}",),
         "`jobfleet web`: who may read the token may use the page"),
    Rare("RareClear", ("sqs:PurgeQueue",), _QUEUES, "`jobfleet clear`, for the queues that hold anything"),
    Rare("RareManyJobs", ("sqs:DeleteMessage",), (f"{_SQS}-reply-*",),
         "more jobs than one receive of the reply queue brings"),
    Rare("RareLeftQueues", ("sqs:ListQueueTags",), (f"{_SQS}-reply-*",),
         "a reply queue that a killed client left a day ago"),
    Rare("RareDropIsKept", ("s3:GetObjectTagging",), (f"{_BUCKET}/processed/*",),
         "`jobfleet drop --status` where workers move inputs"),
    Rare("RareDropAgain", ("s3:GetObject", "s3:PutObjectTagging"), (f"{_BUCKET}/incoming/*",),
         "`jobfleet drop --again`; the second where the files have tags"),
    Rare("RareBrokenUploads", ("s3:AbortMultipartUpload",), (f"{_BUCKET}/incoming/*", f"{_BUCKET}/uploads/*"),
         "a large upload that broke off"),
    Rare("RareScaling", ("s3:GetObject",), (f"{_BUCKET}/{IMAGE_OFFERS}*", f"{_BUCKET}/scaling/*"),
         "`jobfleet scaling` and `status` on a stack that scales, why a sleeping fleet does not wake, and "
         "what it offers"),
    Rare("RareBench",
         ("elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeTags",
          "elasticloadbalancing:DescribeTargetGroups"),
         ("*",),
         "`jobfleet bench http` with `--cloudwatch`, or with `--token-from-stack` to a balancer"),
    Rare("RareBalancer",
         tuple(f"elasticloadbalancing:Describe{what}" for what in (
             "LoadBalancers", "TargetGroups", "TargetHealth")),
         ("*",), "`jobfleet status` where web hosts are behind a balancer"),
)  # fmt: skip

# A launch as a template of the stack says, and no other.
_PLAIN_LAUNCHES = (
    Rare("RarePlainLaunches", ("ec2:RunInstances",), _TEMPLATES,
         "Auto Scaling groups are refused, and a host is launched by itself, from a template", _OURS),
    Rare("RarePlainParts", ("ec2:RunInstances",), _AS_ITS_TEMPLATE_SAYS,
         "the same; only as the template says", _FROM_TEMPLATE),
    Rare("RarePlainNetwork", ("ec2:RunInstances",), _OF_NO_TEMPLATE, "the same, in the default network"),
    Rare("RarePlainTags", ("ec2:CreateTags",), (f"{_EC2}:instance/*", f"{_EC2}:volume/*"),
         "the same; the tags are the launch template's", _BY_LAUNCH),
    Rare("RarePlainRole", ("iam:PassRole",), ("arn:aws:iam::${account}:role/LabRole",),
         "the same; only EC2 can get the role", _TO_EC2),
)  # fmt: skip

# For whoever may start hosts, in addition. tests/aws/client/stack/scaling/test_permissions.py wakes with it.
CLIENT_WAKING = (
    Rare("Groups", ("autoscaling:DescribeAutoScalingGroups",), ("*",), "is a host there, or on its way?"),
    Rare("Capacity", ("autoscaling:SetDesiredCapacity",), (_GROUPS,), "the first host is ordered"),
    Rare("Log", ("s3:PutObject",), (f"{_BUCKET}/scaling/log/*",), "who woke the fleet stands in its log"),
    Rare("RarePlainHosts", ("ec2:DescribeInstances",), ("*",),
         "the same where Auto Scaling groups are refused; how many run in a lab",
         (("ec2:Region", ("${region}",)),)),
    *_PLAIN_LAUNCHES,
)  # fmt: skip

# All of it: a web host does what the page is asked for. tests/aws/web/test_permissions.py asks for all.
WEB = (
    Rare("Inputs", ("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"),
         (f"{_BUCKET}/uploads/*",),
         "inputs are stored, shown and sent again; one that no job comes of is removed"),
    Rare("Batches", ("s3:PutObject",), (f"{_BUCKET}/web/batches/*",),
         "what was uploaded together stands in the names of empty objects"),
    Rare("Keys", ("s3:GetObject", "s3:PutObject"), (f"{_BUCKET}/web/keys/*",),
         "which uploads are the same. The token is on the host already"),
    Rare("Results", ("s3:GetObject",),
         tuple(f"{_BUCKET}/{key}" for key in ("outputs/*", "results/*", "workers/*")),
         "results and outputs are shown, and what the workers say of themselves"),
    Rare("Scaling", ("s3:GetObject",),
         tuple(f"{_BUCKET}/{key}" for key in (f"{IMAGE_OFFERS}*", SCALING_CONFIGURATION_KEY, "scaling/*")),
         "how the fleet scales is shown, and what its next hosts offer; a sleeping one is woken by the "
         "scaler's permissions"),
    Rare("Listing", ("s3:ListBucket",), (_BUCKET,),
         "results and batches are found; and without it S3 says 403 instead of 404"),
    Rare("Requests", ("sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"), (f"{_SQS}-requests",),
         "jobs are sent, and those in line counted"),
    Rare("Replies",
         ("sqs:CreateQueue", "sqs:DeleteMessage", "sqs:DeleteQueue", "sqs:ListQueueTags",
          "sqs:ReceiveMessage", "sqs:TagQueue"),
         (f"{_SQS}-reply-*",), "answers come to a queue of the process's own"),
    Rare("Surroundings", ("sqs:ListQueues", "sts:GetCallerIdentity"), ("*",),
         "reply queues that a killed process left; and whose credentials these are"),
)  # fmt: skip

# All of it, too: tests/aws/scaling/test_permissions.py has the scaler do all it can.
SCALER = (
    Rare("State", ("s3:GetObject",),
         tuple(f"{_BUCKET}/{key}" for key in ("config/scaling.json", "scaling/state.json", "workers/*")),
         "how the stack scales, the scalers' common state, and the workers' heartbeats"),
    Rare("Decisions", ("s3:PutObject",), (f"{_BUCKET}/scaling/log/*", f"{_BUCKET}/scaling/state.json"),
         "the lease is renewed, and decisions are logged"),
    Rare("Workers", ("s3:ListBucket",), (_BUCKET,),
         "all heartbeats are found; and without it S3 says 403 instead of 404"),
    Rare("Requests", ("sqs:GetQueueAttributes", "sqs:GetQueueUrl"), (f"{_SQS}-requests",),
         "jobs in line are counted"),
    Rare("Hosts",
         ("ec2:DescribeInstanceStatus", "ec2:DescribeInstanceTypes", "ec2:DescribeInstances"), ("*",),
         "which hosts there are and how they are; what runs in a lab besides",
         (("ec2:Region", ("${region}",)),)),
    Rare("Groups",
         ("autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeAutoScalingInstances",
          "autoscaling:DescribeScalingActivities"),
         ("*",), "the same of the groups, and why a host does not come"),
    Rare("Capacity",
         ("autoscaling:CompleteLifecycleAction", "autoscaling:RecordLifecycleActionHeartbeat",
          "autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"),
         (_GROUPS,),
         "hosts are ordered and ended; those that leave have the group wait until they have drained", _OURS),
    Rare("Ends", ("ec2:TerminateInstances",), (f"{_EC2}:instance/*",), "hosts that no group knows are ended",
         _OURS),
    *_PLAIN_LAUNCHES,
)  # fmt: skip

_SCALING_GROUPS = (
    "arn:aws:autoscaling:${region}:${account}:autoScalingGroup:*:autoScalingGroupName/${stack}-*",
)
_ALARMS = ("arn:aws:cloudwatch:${region}:${account}:alarm:${stack}-*",)
_IMAGES = ("arn:aws:ec2:${region}::image/*", "arn:aws:ec2:${region}::snapshot/*")
_NEW: Condition = ((f"aws:RequestTag/{STACK_TAG}", ("${stack}",)),)
_HERE: Condition = (("ec2:Region", ("${region}",)),)

# What a deployer of a fleet that scales needs besides. tests/playbooks/test_scaling.py has it do everything.
SCALING = (
    Rare("Looking", ("ec2:DescribeLaunchTemplateVersions", "ec2:DescribeSnapshots"), ("*",),
         "templates are compared, and snapshots found that a broken run left", _HERE),
    Rare("LookingAtGroups",
         ("autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeLifecycleHooks",
          "autoscaling:DescribePolicies"),
         ("*",), "groups are compared"),
    Rare("NewTemplates", ("ec2:CreateLaunchTemplate",), _TEMPLATES,
         "a group of workers scales for the first time", _NEW),
    Rare("Templates",
         ("ec2:CreateLaunchTemplateVersion", "ec2:DeleteLaunchTemplate", "ec2:DeleteLaunchTemplateVersions",
          "ec2:ModifyLaunchTemplate", "ec2:RunInstances"),
         _TEMPLATES, "hosts get another image or setting; and who makes a group must be allowed to launch",
         _OURS),
    Rare("TagsOfTemplates", ("ec2:CreateTags",), _TEMPLATES, "the same, when they are made",
         ((f"aws:RequestTag/{STACK_TAG}", ("${stack}",)), ("ec2:CreateAction", ("CreateLaunchTemplate",)))),
    Rare("Groups",
         ("autoscaling:CreateAutoScalingGroup", "autoscaling:CreateOrUpdateTags",
          "autoscaling:DeleteAutoScalingGroup", "autoscaling:EnableMetricsCollection",
          "autoscaling:PutLifecycleHook", "autoscaling:PutScalingPolicy", "autoscaling:ResumeProcesses",
          "autoscaling:SetDesiredCapacity", "autoscaling:SuspendProcesses",
          "autoscaling:TerminateInstanceInAutoScalingGroup", "autoscaling:UpdateAutoScalingGroup"),
         _SCALING_GROUPS, "groups are made, put right, stopped and removed"),
    Rare("Role", ("iam:CreateServiceLinkedRole",),
         ("arn:aws:iam::${account}:role/aws-service-role/autoscaling.amazonaws.com/*",),
         "the account never had an Auto Scaling group",
         (("iam:AWSServiceName", ("autoscaling.amazonaws.com",)),)),
    Rare("Alarm",
         ("cloudwatch:DeleteAlarms", "cloudwatch:ListTagsForResource", "cloudwatch:PutMetricAlarm",
          "cloudwatch:TagResource"),
         _ALARMS, "the alarms that wake a fleet of no hosts, or of one that hangs"),
    Rare("Configuration", ("s3:DeleteObject", "s3:PutObject"),
         (f"{_BUCKET}/{SCALING_CONFIGURATION_KEY}", f"{_BUCKET}/{SCALING_STATE_KEY}"),
         "what the scalers read; it goes when the fleet scales no more"),
    Rare("Offers", ("s3:DeleteObject", "s3:GetObject", "s3:PutObject"), (f"{_BUCKET}/{IMAGE_OFFERS}*",),
         "what hosts of an image offer; it goes with the image"),
    Rare("Hosts", ("s3:GetObject",), (f"{_BUCKET}/{SCALING_STATE_KEY}", f"{_BUCKET}/workers/*"),
         "is a host of the fleet alive, and how long did the last one take to come?"),
    Rare("NewImages", ("ec2:CreateImage",), (f"{_EC2}:instance/*",), "the image that hosts boot from", _OURS),
    Rare("NewImagesAreTagged", ("ec2:CreateImage",), _IMAGES, "the same", _NEW),
    Rare("TagsOfImages", ("ec2:CreateTags",), _IMAGES, "the same, when they are made",
         ((f"aws:RequestTag/{STACK_TAG}", ("${stack}",)), ("ec2:CreateAction", ("CreateImage",)))),
    Rare("OldImages", ("ec2:DeleteSnapshot", "ec2:DeregisterImage"), _IMAGES,
         "images that nothing is launched from any more", _OURS),
)  # fmt: skip

_ELB = "arn:aws:elasticloadbalancing:${region}:${account}"
_BALANCERS = (f"{_ELB}:loadbalancer/app/*", f"{_ELB}:targetgroup/*")
_LISTENERS = (f"{_ELB}:listener/app/*", f"{_ELB}:listener-rule/app/*")

# For whoever deploys web hosts behind a balancer, in addition: tests/aws/plugins/test_balancer.py does so.
BALANCER = (
    Rare("Looking",
         tuple(f"elasticloadbalancing:Describe{what}" for what in (
             "Listeners", "LoadBalancerAttributes", "Rules", "Tags", "TargetGroupAttributes",
             "TargetHealth")),
         ("*",), "everything is compared, and hosts are waited for"),
    Rare("Network",
         ("ec2:DescribeAccountAttributes", "ec2:DescribeAddresses", "ec2:DescribeInternetGateways"),
         ("*",), "Elastic Load Balancing looks at the network with the caller's permissions"),
    Rare("NewBalancers",
         ("elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:CreateTargetGroup"), _BALANCERS,
         "groups of web hosts get a balancer", _NEW),
    Rare("Balancers",
         ("elasticloadbalancing:CreateListener", "elasticloadbalancing:DeleteLoadBalancer",
          "elasticloadbalancing:DeleteTargetGroup", "elasticloadbalancing:DeregisterTargets",
          "elasticloadbalancing:ModifyLoadBalancerAttributes", "elasticloadbalancing:ModifyTargetGroup",
          "elasticloadbalancing:ModifyTargetGroupAttributes", "elasticloadbalancing:RegisterTargets",
          "elasticloadbalancing:SetSecurityGroups", "elasticloadbalancing:SetSubnets"),
         _BALANCERS, "they are put right and removed, and hosts come and go", _OURS),
    Rare("Listeners",
         ("elasticloadbalancing:CreateRule", "elasticloadbalancing:DeleteListener",
          "elasticloadbalancing:DeleteRule", "elasticloadbalancing:ModifyListener",
          "elasticloadbalancing:ModifyRule", "elasticloadbalancing:SetRulePriorities"),
         _LISTENERS, "the same of what leads to them", _OURS),
    Rare("Tags", ("elasticloadbalancing:AddTags",), (*_BALANCERS, *_LISTENERS), "all of it when it is made",
         ((f"aws:RequestTag/{STACK_TAG}", ("${stack}",)),
          ("elasticloadbalancing:CreateAction",
           ("CreateListener", "CreateLoadBalancer", "CreateRule", "CreateTargetGroup")))),
    Rare("MendedTags", ("elasticloadbalancing:AddTags",), _BALANCERS, "somebody removed a tag", _OURS),
    Rare("Role", ("iam:CreateServiceLinkedRole",),
         ("arn:aws:iam::${account}:role/aws-service-role/elasticloadbalancing.amazonaws.com/*",),
         "the account never had a load balancer",
         (("iam:AWSServiceName", ("elasticloadbalancing.amazonaws.com",)),)),
    Rare("OtherGroups", ("ec2:ModifyInstanceAttribute",),
         (f"{_EC2}:instance/*", f"{_EC2}:security-group/*"),
         "a web host comes behind the balancer, or is reached by itself again", _OURS),
)  # fmt: skip

RARE = {
    "deployer": DEPLOYER,
    "worker": WORKER,
    "client": CLIENT,
    "client-waking": CLIENT_WAKING,
    "web": WEB,
    "scaling": SCALING,
    "balancer": BALANCER,
    "scaler": SCALER,
}
