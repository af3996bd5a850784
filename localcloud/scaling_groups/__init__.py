"""EC2 Auto Scaling groups: what they want, what they have, and the engine that brings the two together.

Knows neither moto nor hosts: instances come from an `ec2.Ec2`, the time from an `ec2.CloudClock`.
https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html
"""
